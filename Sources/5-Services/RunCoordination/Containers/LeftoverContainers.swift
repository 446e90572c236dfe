// SPDX-License-Identifier: Apache-2.0

internal import ContainerEngine
package import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import ProcessControl

/// Containers that runs left whose process died: found by their labels, whoever finds them.
package enum LeftoverContainers {
    package struct Totals: Hashable, Sendable {
        package var containers = 0
        package var networks = 0
    }

    /// Removes what runs of the store have left that nobody drives. Without an engine there is nothing.
    ///
    /// - Throws: where the engine cannot be asked, or something could not be removed.
    package static func remove(of store: RunStore, engines: EngineOffer) throws(DiagnosticError) -> Totals {
        guard engines.whyMissing() == nil else { return Totals() }
        defer { engines.close() }
        return try remove(of: store.name, root: store.root, driven: nil, try engines.client())
    }

    /// - Parameter driven: the run that the caller drives, and has made nothing for yet.
    static func remove(
        of store: String, root: String, driven: RunID?, _ engine: EngineClient
    ) throws(DiagnosticError) -> Totals {
        let label = "\(ContainerOwner.storeKey)=\(store)"
        let labels =
            try engine.listContainers(labels: [label]).map(\.labels)
            + engine.listNetworks(labels: [label]).map(\.labels)
        var totals = Totals()
        for value in Set(labels.compactMap { $0[ContainerOwner.runKey] }).sorted() {
            guard let run = value.split(separator: "/").last.flatMap({ RunID($0) }) else { continue }
            var lock: FileLock?
            if run != driven {
                let path = "\(root)/runs/\(run)/lock"
                lock = try? FileLock(path: path)
                // Somebody drives it; of a run whose folder is gone nobody does.
                if lock == nil, Files.facts(path) != nil { continue }
            }
            let report = try engine.sweep(label: "\(ContainerOwner.runKey)=\(value)")
            withExtendedLifetime(lock) {}
            totals.containers += report.containers.count
            totals.networks += report.networks.count
            if let failure = report.failures.first { throw failure }
        }
        return totals
    }
}
