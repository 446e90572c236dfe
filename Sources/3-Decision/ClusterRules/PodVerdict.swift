// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import StructuredData

/// What a pod's state means for its job. The table of docs/decisions/kubernetes.md, as a value.
package enum PodVerdict: Hashable, Sendable {
    /// Its job has not begun; why, where the cluster says so.
    case waiting(Wait?)
    /// The job speaks for itself.
    case running
    /// The job has told its server everything.
    case over
    /// What carried it is gone; a sentence. The server says whether another may have it.
    case lost(String)
    /// It cannot be carried out; a sentence.
    case failed(DiagnosticError)

    /// It carries the job out, or has.
    var isOfWork: Bool {
        switch self {
        case .running, .over: true
        case .waiting, .lost, .failed: false
        }
    }

    package struct Wait: Hashable, Sendable {
        package enum Kind: Hashable, Sendable {
            /// There is no room.
            case room
            /// An image does not come.
            case image
            /// It will not get better.
            case never
            /// Its node prepares it; for as long as that takes.
            case setUp
        }

        package var kind: Kind
        package var text: String

        package init(_ kind: Kind, _ text: String) {
            self.kind = kind
            self.text = text
        }
    }

    package static func == (left: PodVerdict, right: PodVerdict) -> Bool { "\(left)" == "\(right)" }
    package func hash(into hasher: inout Hasher) { hasher.combine("\(self)") }

    package init(pod: DataValue) {
        let status = PodStatus(pod)
        if let ended = status.job?["state"]?["terminated"], ended != .null {
            self = Self.ended(ended, status)
        } else if status.reason != nil || (status.isDeleted && status.phase == "Failed") {
            self = .lost(status.gone)
        } else if let (name, ended) = status.failedBeginning {
            let words = ended["message"]?.string.map { ": \(PodStatus.plain($0, PodStatus.tailCharacters))" } ?? ""
            guard name != PodStatus.probeContainer else {
                self = .failed(Self.openNetwork("It was looked at before the first step\(words)"))
                return
            }
            self = .failed(
                DiagnosticError(
                    .podNotStarted,
                    "Martlet's own image could not put its program into the pod: exit code \(ended["exitCode"]?.int ?? -1)\(words)",
                    remedy: "See 'tools' in the settings of the cluster's executor: the image must be Martlet's."))
        } else if status.phase == "Failed" {
            self = .lost(status.gone)
        } else if status.job?["state"]?["running"]?.object != nil {
            self = .running
        } else {
            self = .waiting(status.wait)
        }
    }

    package static func openNetwork(_ text: String) -> DiagnosticError {
        DiagnosticError(
            .forkNetworkOpen,
            "The cluster does not keep the pod of a fork's job from its network. \(text)",
            remedy:
                "Apply packaging/kubernetes/base/network.yaml in a cluster whose network plugin keeps policies, or take "
                + "forks: {sandbox: bubblewrap}.")
    }

    private static func ended(_ ended: DataValue, _ status: PodStatus) -> PodVerdict {
        let code = ended["exitCode"]?.int ?? -1
        if code == 0 { return .over }
        let reason = ended["reason"]?.string ?? ""
        if reason == "OOMKilled" {
            let limit = status.memoryLimit.map { " of \($0)" } ?? ""
            return .failed(
                DiagnosticError(
                    .podOutOfMemory, "The job needed more memory than its pod may have: its limit\(limit) was reached.",
                    remedy: "Ask for more with a label: runs-on: [kubernetes, memory-8Gi]."))
        }
        if ["ContainerCannotRun", "StartError"].contains(reason) {
            return .failed(
                DiagnosticError(
                    .podNotStarted, "The job's container could not be started: \(status.words(ended))",
                    remedy: "See whether the image runs on the cluster's nodes."))
        }
        if status.reason != nil || status.isDeleted { return .lost(status.gone) }
        return .lost(
            "Its container ended with exit code \(code) before the job did\(status.node)\(status.tail(ended)).")
    }
}

/// The fields of a pod that are read.
package struct PodStatus {
    /// The container of a pod that carries the job.
    package static let jobContainer = "job"
    /// Looks whether the pod of a fork's job is kept from the network.
    package static let probeContainer = "probe"

    let pod: DataValue
    let phase: String
    let reason: String?
    let isDeleted: Bool

    package init(_ pod: DataValue) {
        self.pod = pod
        phase = pod["status"]?["phase"]?.string ?? ""
        reason = pod["status"]?["reason"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        isDeleted = pod["metadata"]?["deletionTimestamp"]?.string != nil
    }

    package var job: DataValue? { containers("containerStatuses").first { $0["name"]?.string == Self.jobContainer } }

    private func containers(_ key: String) -> [DataValue] { pod["status"]?[key]?.array ?? [] }

    /// ` on the node 'x'`.
    var node: String {
        guard let name = pod["spec"]?["nodeName"]?.string, !name.isEmpty else { return "" }
        return " on the node '\(name)'"
    }

    var memoryLimit: String? {
        let job = pod["spec"]?["containers"]?.array?.first { $0["name"]?.string == Self.jobContainer }
        return job?["resources"]?["limits"]?["memory"]?.string
    }

    /// Why the pod is no more.
    package var gone: String {
        let said = (pod["status"]?["message"]?.string).map { ": \(Self.plain($0, Self.tailCharacters))" } ?? ""
        switch reason {
        case "Evicted": return "Its pod was evicted\(node)\(said)"
        case "NodeLost": return "The node of its pod was lost\(node)\(said)"
        case "Preempting", "Preempted": return "Its pod had to make room for another\(node)\(said)"
        case "DeadlineExceeded": return "Its pod was there for longer than the job may take\(node)\(said)"
        case let reason?: return "Its pod was ended by the cluster\(node) (\(reason))\(said)"
        case nil: return isDeleted ? "Its pod was removed\(node)." : "Its pod failed\(node)\(said)."
        }
    }

    /// The init container that did not do what it is for.
    var failedBeginning: (name: String, ended: DataValue)? {
        for status in containers("initContainerStatuses") {
            guard let ended = status["state"]?["terminated"], (ended["exitCode"]?.int ?? 0) != 0 else { continue }
            return (status["name"]?.string ?? "", ended)
        }
        return nil
    }

    func words(_ state: DataValue) -> String {
        let said = [state["reason"]?.string, state["message"]?.string].compactMap { $0 }.joined(separator: ": ")
        return Self.plain(said, Self.wordCharacters)
    }

    func tail(_ state: DataValue) -> String {
        state["message"]?.string.map { ": \(Self.plain(String($0.suffix(Self.tailCharacters)), Self.tailCharacters))" }
            ?? ""
    }

    package static let tailCharacters = 300
    private static let wordCharacters = 500

    /// One line without control characters: a job's own code writes what its pod's state says.
    package static func plain(_ text: String, _ limit: Int) -> String {
        let shown = text.unicodeScalars.map { scalar in
            scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
                ? " " : String(scalar)
        }
        return String(shown.joined().prefix(limit)).split(separator: " ").joined(separator: " ")
    }

    var wait: PodVerdict.Wait? {
        for status in containers("initContainerStatuses") + containers("containerStatuses") {
            guard let waiting = status["state"]?["waiting"], let reason = waiting["reason"]?.string else { continue }
            let image = status["image"]?.string ?? ""
            switch reason {
            case "ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "ImageInspectError":
                return PodVerdict.Wait(.image, "The image '\(image)' cannot be had: \(words(waiting))")
            case "InvalidImageName", "ErrImageNeverPull":
                return PodVerdict.Wait(.never, "The image '\(image)' cannot be had: \(words(waiting))")
            case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
                return PodVerdict.Wait(.image, "A container cannot be started: \(words(waiting))")
            default: continue
            }
        }
        let conditions = pod["status"]?["conditions"]?.array ?? []
        let scheduled = conditions.first { $0["type"]?.string == "PodScheduled" }
        guard scheduled?["status"]?.string == "False" else { return setUp }
        let said = Self.plain(scheduled?["message"]?.string ?? "", Self.wordCharacters)
        return PodVerdict.Wait(.room, "No node has room for its pod: \(said)")
    }

    /// On its node, where images come and volumes are made.
    private var setUp: PodVerdict.Wait? {
        guard !node.isEmpty else { return nil }
        let coming = (containers("initContainerStatuses") + containers("containerStatuses"))
            .first { $0["state"]?["waiting"]?["reason"]?.string == "ContainerCreating" }
        let image = (coming?["image"]?.string).map { " with the image '\($0)'" } ?? ""
        return PodVerdict.Wait(.setUp, "Its pod is being set up\(node)\(image).")
    }
}
