// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import RunCoordination
internal import StructuredData

/// What the containers of a job's pod ask for, and what it costs.
struct PodSizing {
    let settings: ExecutorSettings
    let demand: PodDemand

    /// Of a container that asks for no memory, where there is a most that it may have: it is to find a node.
    private static let smallestBytes = 256 << 20
    /// What is charged where no processors are asked for.
    private static let chargedMilliCPUs = 1_000

    /// Of the job's own container: what its labels ask for, else its container's options, its profiles, the settings.
    ///
    /// - Throws: ``DiagnosticCode/podSizeRefused``: it is no size, or more than a pod may have with all of its containers.
    func job() throws(DiagnosticError) -> PodSize {
        var size = settings.size
        for profile in profiles { size = size.overridden(by: profile.size) }
        size = size.overridden(
            by: PodSize(milliCPUs: demand.container?.milliCPUs, memoryBytes: demand.container?.memoryBytes))
        for label in demand.labels {
            if label.hasPrefix("cpu-") {
                guard let amount = PodQuantity.milliCPUs(String(label.dropFirst(4))) else { throw Self.noSize(label) }
                size.milliCPUs = amount
            } else if label.hasPrefix("memory-") {
                guard let amount = PodQuantity.bytes(String(label.dropFirst(7))) else { throw Self.noSize(label) }
                size.memoryBytes = amount
            }
        }
        // A fork's steps have no more than they would in a sandbox, whatever they ask for.
        if let asked = size.memoryBytes, let most = demand.sandbox?.memoryBytes { size.memoryBytes = min(asked, most) }
        try check(size)
        return size
    }

    private var profiles: [ExecutorSettings.Profile] { demand.labels.compactMap { settings.profiles[$0] } }

    private func check(_ size: PodSize) throws(DiagnosticError) {
        let milliCPUs = demand.services.compactMap(\.milliCPUs).reduce(size.milliCPUs ?? 0, Self.sum)
        let bytes = demand.services.compactMap(\.memoryBytes).reduce(size.memoryBytes ?? 0, Self.sum)
        if let most = settings.maximum.milliCPUs, milliCPUs > most {
            throw Self.tooMuch("\(PodQuantity.text(milliCPUs: milliCPUs)) CPU", PodQuantity.text(milliCPUs: most))
        }
        if let most = settings.maximum.memoryBytes, bytes > most {
            throw Self.tooMuch("\(PodQuantity.text(bytes: bytes)) of memory", PodQuantity.text(bytes: most))
        }
    }

    private static func sum(_ left: Int, _ right: Int) -> Int {
        let (sum, isOver) = left.addingReportingOverflow(right)
        return isOver ? .max : sum
    }

    private static func noSize(_ label: String) -> DiagnosticError {
        DiagnosticError(
            .podSizeRefused, "The label '\(label)' is no size.",
            remedy: "Write cpu-2, cpu-500m, memory-512Mi or memory-4Gi.")
    }

    private static func tooMuch(_ asked: String, _ most: String) -> DiagnosticError {
        DiagnosticError(
            .podSizeRefused, "The job asks for \(asked) with its services, and may have \(most) at most.",
            remedy: "Ask for less, or have 'maximum' raised in the settings of the cluster's executor.")
    }

    /// Memory is limited to what is asked for; processors are shared beyond it.
    func resources(_ size: PodSize) -> DataValue? {
        var requests = DataObject()
        var limits = DataObject()
        if let amount = size.milliCPUs { requests["cpu"] = .string(PodQuantity.text(milliCPUs: amount)) }
        if let amount = size.memoryBytes {
            requests["memory"] = .string(PodQuantity.text(bytes: amount))
            limits["memory"] = requests["memory"]
        } else if let most = [settings.maximum.memoryBytes, demand.sandbox?.memoryBytes].compactMap({ $0 }).min() {
            // Without a limit it would have the node's.
            limits["memory"] = .string(PodQuantity.text(bytes: most))
            requests["memory"] = .string(PodQuantity.text(bytes: min(most, Self.smallestBytes)))
        }
        guard !requests.isEmpty else { return nil }
        var object: DataObject = ["requests": .object(requests)]
        if !limits.isEmpty { object["limits"] = .object(limits) }
        return .object(object)
    }

    /// What a minute of the pod takes of its project's budget, in thousandths of a CPU-minute: what is asked for, times the prices of
    /// its labels.
    func charge(_ size: PodSize) -> Int {
        let asked = demand.services.compactMap(\.milliCPUs).reduce(size.milliCPUs ?? Self.chargedMilliCPUs, Self.sum)
        let price = profiles.reduce(1.0) { $0 * $1.price }
        return Int(exactly: (Double(asked) * price).rounded(.up)) ?? asked
    }
}
