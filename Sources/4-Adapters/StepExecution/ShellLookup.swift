// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess

/// A shell that is there.
struct FoundShell: Hashable, Sendable {
    var template: ShellTemplate
    /// Absolute.
    var path: String

    /// As the log shows it.
    var description: String { "\(path) \(template.argumentFormat)" }
}

/// Finds programs on `PATH`, and remembers them for as long as `PATH` is the same.
struct ShellLookup {
    private let hostPath: String
    private var prepended: [String] = []
    private var programs: [String: String] = [:]
    private var hostPrograms: [String: String] = [:]
    private var shells: [String?: FoundShell] = [:]

    init(hostPath: String) { self.hostPath = hostPath }

    /// The shell of a `shell:` option; `nil`: the platform's default.
    ///
    /// - Parameter prepended: what earlier steps put before `PATH`.
    mutating func shell(_ option: String?, prepended: [String]) throws(DiagnosticError) -> FoundShell {
        if prepended != self.prepended {
            self.prepended = prepended
            programs = [:]
            shells = [:]
        }
        if let found = shells[option] { return found }
        let template =
            try option.map { (text) throws(DiagnosticError) in try ShellTemplate(option: text) }
            ?? .platformDefault
        let shell = try find(template)
        shells[option] = shell
        return shell
    }

    private mutating func find(_ template: ShellTemplate) throws(DiagnosticError) -> FoundShell {
        if let path = program(template.command) ?? template.fallback.flatMap({ program($0) }) {
            return FoundShell(template: template, path: path)
        }
        throw DiagnosticError(
            .missingShell, "\(template.command): command not found",
            remedy: template.builtIn == .pwsh || template.builtIn == .powershell
                ? "Install PowerShell (https://aka.ms/install-powershell), or name another shell."
                : "Install '\(template.command)', put its folder on PATH, or name another shell.")
    }

    /// A program on the host's own `PATH`, whatever steps put before that.
    mutating func hostProgram(_ name: String) -> String? {
        if let known = hostPrograms[name] { return known }
        let found = hostPath.split(separator: ":").lazy.map { "\($0)/\(name)" }.first { Self.isProgram($0) }
        hostPrograms[name] = found
        return found
    }

    private static func isProgram(_ path: String) -> Bool { Files.facts(path)?.isExecutable == true }

    private mutating func program(_ name: String) -> String? {
        if let known = programs[name] { return known }
        var found: String?
        if name.utf8.first == 0x2F {
            found = Self.isProgram(name) ? name : nil
        } else if !name.isEmpty {
            let folders = EnvironmentRules.path(hostPath, prepending: prepended).split(separator: ":")
            found = folders.lazy.map { "\($0)/\(name)" }.first { Self.isProgram($0) }
        }
        programs[name] = found
        return found
    }
}
