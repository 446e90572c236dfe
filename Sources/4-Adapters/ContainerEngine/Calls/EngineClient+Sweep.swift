// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import NIOHTTP1
internal import StructuredData

/// What a sweep has removed, and what it could not.
package struct SweepReport: Sendable {
    package var containers: [String] = []
    package var networks: [String] = []
    package var volumes: [String] = []
    /// One for each thing that is still there.
    package var failures: [DiagnosticError] = []
}

extension EngineClient {
    /// Containers with all of these labels (`name`, or `name=value`), those that do not run too.
    package func listContainers(
        labels: [String], _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) -> [ContainerSummary] {
        let request = EngineRequest(.GET, "/containers/json", query: [("all", "1"), Self.filter(labels)])
        return try shaped(request, call) { data throws(DataShapeError) in
            try Self.list(data) { item throws(DataShapeError) in try ContainerSummary(item) }
        }
    }

    /// Networks with all of these labels.
    package func listNetworks(
        labels: [String], _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) -> [NetworkReport] {
        let request = EngineRequest(.GET, "/networks", query: [Self.filter(labels)])
        return try shaped(request, call) { data throws(DataShapeError) in
            try Self.list(data) { item throws(DataShapeError) in try NetworkReport(item) }
        }
    }

    /// Volumes with all of these labels.
    package func listVolumes(
        labels: [String], _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) -> [VolumeReport] {
        let request = EngineRequest(.GET, "/volumes", query: [Self.filter(labels)])
        return try shaped(request, call) { data throws(DataShapeError) in
            try Self.list(data["Volumes"] ?? .null) { item throws(DataShapeError) in try VolumeReport(item) }
        }
    }

    private static func filter(_ labels: [String]) -> (String, String) {
        ("filters", DataValue.object(["label": .strings(labels)]).jsonText())
    }

    /// An engine writes `null` for an empty list.
    private static func list<Value>(
        _ data: DataValue, _ read: (DataValue) throws(DataShapeError) -> Value
    ) throws(DataShapeError) -> [Value] {
        if data == .null { return [] }
        guard let items = data.array else { throw DataShapeError("a list") }
        var values: [Value] = []
        for item in items { values.append(try read(item)) }
        return values
    }

    /// Removes what carries a label: containers, running or not, then networks, then volumes. What is gone meanwhile is no
    /// failure, and one failure does not keep the rest from being removed.
    ///
    /// - Throws: where the engine cannot be asked at all.
    package func sweep(label: String, _ call: EngineCall = EngineCall()) throws(DiagnosticError) -> SweepReport {
        var report = SweepReport()
        for container in try listContainers(labels: [label], call) {
            if report.removes({ () throws(DiagnosticError) in try removeWithPatience(container.id, call) }) {
                report.containers.append(container.id)
            }
        }
        for network in try listNetworks(labels: [label], call) {
            if report.removes({ () throws(DiagnosticError) in try removeNetwork(network.id, call) }) {
                report.networks.append(network.name)
            }
        }
        for volume in try listVolumes(labels: [label], call) {
            if report.removes({ () throws(DiagnosticError) in try removeVolume(volume.name, force: true, call) }) {
                report.volumes.append(volume.name)
            }
        }
        return report
    }

    /// Where somebody else is removing it already, it is waited for.
    private func removeWithPatience(_ id: String, _ call: EngineCall) throws(DiagnosticError) {
        do {
            try removeContainer(id, force: true, call)
        } catch {
            guard error.diagnostic.code == .engineConflict else { throw error }
            let limited = EngineCall(cancellation: call.cancellation, timeout: call.timeout ?? timeouts.change)
            _ = try waitForContainer(id, until: .removed, limited)
        }
    }
}

extension SweepReport {
    fileprivate mutating func removes(_ removal: () throws(DiagnosticError) -> Void) -> Bool {
        do {
            try removal()
            return true
        } catch {
            if error.diagnostic.code != .engineObjectMissing { failures.append(error) }
            return false
        }
    }
}
