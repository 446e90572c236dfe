// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Glibc

/// The files that a step writes its outputs and the like to: one set, used by one step at a time, one after another.
///
/// Making a file costs more than all else that a step needs, so a set lives as long as its job and is emptied, not made
/// anew.
final class CommandFileSet {
    enum Kind: String, CaseIterable {
        case environment = "env"
        case output
        case path
        case state
        case summary = "step_summary"
    }

    /// The most bytes that are read of one file, the summary aside.
    static let maximumBytes = 16 << 20
    /// The most bytes of a summary, as on GitHub.
    static let maximumSummaryBytes = 1 << 20

    /// The variables that name the files.
    let properties: [(variable: String, path: String)]
    private let folder: String

    init(folder: String) throws(DiagnosticError) {
        self.folder = folder
        properties = Kind.allCases.map { ("GITHUB_" + $0.rawValue.uppercasedASCII(), folder + "/" + $0.rawValue) }
        try FileAccess.makeFolder(folder)
        for property in properties { try FileAccess.write("", to: property.path, mode: 0o666) }
    }

    func path(_ kind: Kind) -> String { folder + "/" + kind.rawValue }

    /// What the step wrote; `nil` where it wrote nothing.
    func content(_ kind: Kind) throws(DiagnosticError) -> [UInt8]? {
        guard let size = FileAccess.size(path(kind)), size > 0 else { return nil }
        return try FileAccess.read(path(kind), limit: Self.maximumBytes)
    }

    func size(_ kind: Kind) -> Int { FileAccess.size(path(kind)) ?? 0 }

    /// Makes the set fit for the next step. A link or a pipe that the step put there is taken away, not written through.
    func empty() throws(DiagnosticError) {
        for property in properties {
            let size = FileAccess.size(property.path, followingLink: false)
            if size == 0 { continue }
            if size == nil { unlink(property.path) }
            try FileAccess.write("", to: property.path, mode: 0o666)
        }
    }
}
