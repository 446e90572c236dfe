// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess

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
    private let followsLinks: Bool

    /// - Parameter followsLinks: not where a step can be kept from reading what a link leads to.
    init(folder: String, followsLinks: Bool = true) throws(DiagnosticError) {
        self.folder = folder
        self.followsLinks = followsLinks
        properties = Kind.allCases.map { ("GITHUB_" + $0.rawValue.uppercasedASCII(), folder + "/" + $0.rawValue) }
        try Trees.make(folder)
        for property in properties { try Files.write([], to: property.path, mode: 0o666) }
    }

    /// A step may have put a link in the folder's place.
    private var isWhole: Bool { followsLinks || Files.facts(folder, followingLinks: false)?.kind == .directory }

    func path(_ kind: Kind) -> String { folder + "/" + kind.rawValue }

    /// What the step wrote; `nil` where it wrote nothing.
    func content(_ kind: Kind) throws(DiagnosticError) -> [UInt8]? {
        let size = size(kind)
        guard size > 0 else { return nil }
        guard size <= Self.maximumBytes else {
            throw DiagnosticError(
                .stepOutputLimit,
                "The file '\(path(kind))' holds \(size) bytes; at most \(Self.maximumBytes) are read.",
                remedy: "Write less to it; put what is large into a file of its own.")
        }
        return try Files.readIfPresent(path(kind), limit: Self.maximumBytes)
    }

    /// 0 for what is no file: a step may have put a pipe or a folder there.
    func size(_ kind: Kind) -> Int {
        guard isWhole, let facts = Files.facts(path(kind), followingLinks: followsLinks), facts.kind == .file else {
            return 0
        }
        return Int(facts.sizeBytes)
    }

    /// Makes the set fit for the next step. A link or a pipe that the step put there is taken away, not written through.
    func empty() throws(DiagnosticError) {
        if !isWhole {
            try Trees.remove(folder)
            try Trees.make(folder)
        }
        for property in properties {
            let facts = Files.facts(property.path, followingLinks: false)
            if let facts, facts.kind == .file, facts.sizeBytes == 0 { continue }
            if facts?.kind != .file { try Trees.remove(property.path) }
            try Files.write([], to: property.path, mode: 0o666)
        }
    }
}
