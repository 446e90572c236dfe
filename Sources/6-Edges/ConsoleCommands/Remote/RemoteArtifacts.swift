// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import HTTPMessages
internal import RunCoordination
internal import ServerClient
internal import StructuredData
internal import TerminalRendering
internal import ZipArchives

/// Artifacts of a run on a server.
struct RemoteArtifacts {
    let target: RemoteTarget
    let run: Int

    /// As `martlet artifacts --json` has them.
    func items() throws -> [DataValue] {
        let run = run
        return try target.ask { try await $0.items(RemoteServer.path("runs", run, "artifacts")) }
    }

    /// What an archive may have; past it the download ends.
    private static let limitBytes = 64 << 30

    /// Unpacks one into a folder. Nothing is left of a download that did not come to its end.
    func get(_ name: String, to folder: String) throws {
        try Trees.make(folder)
        let draft = "\(folder)/.martlet-\(UInt64.random(in: .min ... .max)).zip"
        defer { try? Files.remove(draft) }
        let (run, server) = (run, target.server)
        let named = name.withoutControls
        try AsyncWork.run {
            let stream = try await server.stream(
                RemoteServer.path("runs", run, "artifacts", name), accept: "application/zip")
            try Files.write([], to: draft, mode: 0o600)
            var count = 0
            do throws(DiagnosticError) {
                for try await piece in stream.pieces {
                    count += piece.count
                    guard count <= Self.limitBytes else {
                        throw DiagnosticError(
                            .serverAnswerTooLong, "The artifact '\(named)' has more than \(Self.limitBytes) bytes.")
                    }
                    try Files.append(piece, to: draft, mode: 0o600)
                }
            } catch {
                guard error.diagnostic.code != .serverAnswerTooLong else { throw error }
                throw DiagnosticError(
                    .serverUnreachable,
                    "The artifact '\(named)' broke off after \(count) bytes. \(error.diagnostic.message)",
                    remedy: "Try it again.")
            }
            if let length = stream.headers["Content-Length"].flatMap({ Int($0) }), length != count {
                throw DiagnosticError(
                    .serverUnreachable, "The artifact '\(named)' broke off after \(count) of \(length) bytes.",
                    remedy: "Try it again.")
            }
        }
        try ZipReading.unpack(draft, to: try ConfinedFolder(path: folder))
    }
}
