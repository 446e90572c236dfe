// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import RunCoordination
internal import RunnerProtocol
internal import StructuredData

/// The jobs that a runner has, on its disk: what it must know of them when it begins anew. Secrets are not in it.
struct LeaseFolder: Sendable {
    let store: RunStore
    private static let sizeLimitBytes = 1 << 16

    private var folder: String { store.root + "/leases" }

    private func path(_ key: LeaseKey) -> String {
        "\(folder)/\(key.work.run)-\(key.work.attempt)-\(RunStore.fileName(key.work.job))-\(key.work.number).json"
    }

    func keep(_ key: LeaseKey) throws(DiagnosticError) {
        try Trees.make(folder, mode: 0o700)
        try Files.replace(path(key), with: key.data.jsonText().utf8, mode: 0o600)
    }

    /// What was given again with another fence stays.
    func forget(_ key: LeaseKey) {
        guard load(path(key)) == key else { return }
        try? Files.remove(path(key))
    }

    func all() -> [LeaseKey] { ((try? Trees.list(folder)) ?? []).compactMap { load("\(folder)/\($0.name)") } }

    private func load(_ path: String) -> LeaseKey? {
        guard let text = try? Files.readIfPresent(path, limit: Self.sizeLimitBytes),
            let data = try? DataValue(json: text)
        else { return nil }
        return try? LeaseKey(data: data)
    }
}
