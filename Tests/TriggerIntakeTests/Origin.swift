// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Foundation
import ProcessControl
import Testing

/// A repository that others fetch from, in a folder of its own.
final class Origin: Sendable {
    let folder: String

    /// The address as git takes it.
    var path: String { folder + "/origin" }

    init() throws {
        folder = NSTemporaryDirectory() + "martlet-origin-\(UUID().uuidString)"
        try Trees.make(folder + "/origin")
        try git("init", "-q", "-b", "main", ".")
    }

    deinit { remove() }

    func remove() { try? Trees.remove(folder) }

    /// - Returns: what it prints, without the line's end.
    @discardableResult
    func git(_ arguments: String...) throws -> String {
        var command = HelperCommand("git", arguments)
        command.workingDirectory = path
        command.environment = [
            "PATH=\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin")", "HOME=\(folder)", "LC_ALL=C",
            "GIT_AUTHOR_NAME=Lea Lark", "GIT_AUTHOR_EMAIL=lea@example.org", "GIT_AUTHOR_DATE=1772355600 +0100",
            "GIT_COMMITTER_NAME=Lea Lark", "GIT_COMMITTER_EMAIL=lea@example.org",
            "GIT_COMMITTER_DATE=1772355600 +0100",
        ]
        let outcome = try command.run()
        guard outcome.succeeded else {
            throw DiagnosticError(DiagnosticCode(450), "git \(arguments): \(outcome.errorText)")
        }
        return outcome.text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func write(_ name: String, _ text: String) throws {
        try Trees.make(Files.directory(of: "\(path)/\(name)"))
        try Files.write(Array(text.utf8), to: "\(path)/\(name)")
    }

    /// - Returns: the commit's id.
    @discardableResult
    func commit(_ files: [String: String], _ message: String = "Change") throws -> String {
        for (name, text) in files { try write(name, text) }
        try git("add", "-A")
        try git("commit", "-q", "--allow-empty", "-m", message)
        return try head()
    }

    func head(_ ref: String = "HEAD") throws -> String { try git("rev-parse", ref) }
}

/// The code of what is thrown; `nil` where nothing is.
func code(of work: () throws -> Void) -> DiagnosticCode? {
    do {
        try work()
        return nil
    } catch let error as DiagnosticError {
        return error.diagnostic.code
    } catch {
        return nil
    }
}
