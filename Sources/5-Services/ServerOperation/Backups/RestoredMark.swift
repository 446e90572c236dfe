// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import StructuredData
internal import Timekeeping

/// Says to the first start after a restore that what runners had is not known any more.
struct RestoredMark {
    var backupAt: Timestamp

    private static func path(_ root: String) -> String { root + "/restored.json" }
    private static let limitBytes = 1 << 16

    init(backupAt: Timestamp) { self.backupAt = backupAt }

    /// `nil`: the folder was not restored, or has been started since.
    init?(_ root: String) {
        guard let text = try? Files.readIfPresent(Self.path(root), limit: Self.limitBytes),
            let time = (try? DataValue(json: text))?["backupAt"]?.int
        else { return nil }
        backupAt = Timestamp(milliseconds: Int64(time))
    }

    func write(to root: String) throws(DiagnosticError) {
        let data: DataValue = ["backupAt": .number(Double(backupAt.milliseconds))]
        try Files.write(Array(data.jsonText().utf8), to: Self.path(root), mode: 0o600)
    }

    static func forget(_ root: String) throws(DiagnosticError) { try Files.remove(path(root)) }
}
