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

    package struct Wait: Hashable, Sendable {
        package enum Kind: Hashable, Sendable {
            /// There is no room.
            case room
            /// An image does not come.
            case image
            /// It will not get better.
            case never
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
        } else if status.phase == "Failed" || status.reason == "NodeLost" {
            self = .lost(status.gone)
        } else if let ended = status.failedTools {
            let words = ended["message"]?.string.map { ": \($0)" } ?? ""
            self = .failed(
                DiagnosticError(
                    .podNotStarted,
                    "Martlet's own image could not put its program into the pod: exit code \(ended["exitCode"]?.int ?? -1)\(words)",
                    remedy: "See 'tools' in the settings of the cluster's executor: the image must be Martlet's."))
        } else if status.job?["state"]?["running"]?.object != nil {
            self = .running
        } else {
            self = .waiting(status.wait)
        }
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

    var job: DataValue? { containers("containerStatuses").first { $0["name"]?.string == Self.jobContainer } }

    private func containers(_ key: String) -> [DataValue] { pod["status"]?[key]?.array ?? [] }

    /// ` on the node 'x'`.
    var node: String { pod["spec"]?["nodeName"]?.string.map { " on the node '\($0)'" } ?? "" }

    var memoryLimit: String? {
        let job = pod["spec"]?["containers"]?.array?.first { $0["name"]?.string == Self.jobContainer }
        return job?["resources"]?["limits"]?["memory"]?.string
    }

    /// Why the pod is no more.
    package var gone: String {
        let said = (pod["status"]?["message"]?.string).map { ": \($0.prefix(300))" } ?? ""
        switch reason {
        case "Evicted": return "Its pod was evicted\(node)\(said)"
        case "NodeLost": return "The node of its pod was lost\(node)\(said)"
        case "Preempting", "Preempted": return "Its pod had to make room for another\(node)\(said)"
        case "DeadlineExceeded": return "Its pod was there for longer than the job may take\(node)\(said)"
        case let reason?: return "Its pod was ended by the cluster\(node) (\(reason))\(said)"
        case nil: return isDeleted ? "Its pod was removed\(node)." : "Its pod failed\(node)\(said)."
        }
    }

    /// The init container that brings the program, where it did not.
    var failedTools: DataValue? {
        containers("initContainerStatuses").lazy.compactMap { $0["state"]?["terminated"] }
            .first { ($0["exitCode"]?.int ?? 0) != 0 }
    }

    func words(_ state: DataValue) -> String {
        [state["reason"]?.string, state["message"]?.string].compactMap { $0 }.joined(separator: ": ")
    }

    func tail(_ state: DataValue) -> String {
        state["message"]?.string.map { ": \($0.suffix(300))" } ?? ""
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
        guard scheduled?["status"]?.string == "False" else { return nil }
        return PodVerdict.Wait(.room, "No node has room for its pod: \(scheduled?["message"]?.string ?? "")")
    }
}
