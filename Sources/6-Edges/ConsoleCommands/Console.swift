// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import Glibc
internal import RunCoordination
internal import ServerClient
internal import TerminalRendering
internal import WorkflowPlanning

/// The terminal, or what stands in its place: data goes to `out`, all else to `err`.
final class Console {
    let out = ByteStream(descriptor: 1)
    let err = ByteStream(descriptor: 2)
    let environment: [String: String]
    let isOutTerminal: Bool
    let palette: Palette
    let errorPalette: Palette

    init(colour: ColourChoice = .auto) {
        environment = ProcessEnvironment.variables
        isOutTerminal = Terminal.isTerminal(1)
        let isErrTerminal = Terminal.isTerminal(2)
        palette = Palette(isColoured: colour.isColoured(environment: environment, isTerminal: isOutTerminal))
        errorPalette = Palette(isColoured: colour.isColoured(environment: environment, isTerminal: isErrTerminal))
    }

    /// Whether lines may be redrawn in place.
    var isLive: Bool {
        isOutTerminal && environment["TERM"] != "dumb" && environment["CI"] == nil
    }

    /// - Parameters:
    ///   - source: the text of `path`; a diagnostic of another file, such as one that is called, is shown without it.
    func show(_ diagnostic: Diagnostic, source: [UInt8]? = nil, of path: String? = nil) {
        err.writeLine(Self.text(diagnostic, source, path, errorPalette))
    }

    /// ``show(_:source:of:)`` where the diagnostic is what was asked for: it goes to `out`.
    func present(_ diagnostic: Diagnostic, source: [UInt8], of path: String) {
        out.writeLine(Self.text(diagnostic, source, path, palette))
        out.writeLine()
    }

    private static func text(
        _ diagnostic: Diagnostic, _ source: [UInt8]?, _ path: String?, _ palette: Palette
    ) -> String {
        let isOfSource = path == nil || diagnostic.file == nil || diagnostic.file == path
        return DiagnosticText(palette: palette).render(diagnostic, source: isOfSource ? source : nil)
    }

    private static let usageCodes: Set<DiagnosticCode> = [
        .argumentInvalid, .eventUnknown, .inputInvalid, .jobUnknown, .matrixUnknown, .workflowNotFound,
        .serverAddressInvalid, .verbStaysHere, .optionStaysHere, .serverNotNamed, .projectUnclear, .loginMissing,
    ]

    /// Writes all that was said, however long the reader takes.
    func flush() {
        out.holdsBack = false
        out.flush()
        err.flush()
    }

    /// Runs a verb's body: a coded error is shown and ends the program with `status`.
    func guarded(_ status: ExitStatus = .error, _ body: () throws -> Void) throws {
        defer { flush() }
        do {
            try body()
            flush()
            if let failure = out.failure {
                throw DiagnosticError(
                    .outputUnwritable, "The output could not be written: \(String(cString: strerror(failure))).",
                    remedy: "Make room, or write it elsewhere.")
            }
        } catch let error as ServerError {
            show(error.diagnostic)
            if Self.usageCodes.contains(error.diagnostic.code) { throw ExitStatus.usage.exit }
            throw (error.kind == .notAllowed ? ExitStatus.notAllowed : .error).exit
        } catch let error as any CodedError {
            show(error.diagnostic)
            // What the user typed is at fault, whatever the verb.
            throw Self.usageCodes.contains(error.diagnostic.code) ? ExitStatus.usage.exit : status.exit
        }
    }
}

/// The process's environment, without Foundation.
enum ProcessEnvironment {
    /// `NAME=value`, as inherited.
    static var entries: [String] {
        var entries: [String] = []
        var cursor = environ
        while let entry = cursor.pointee {
            entries.append(String(cString: entry))
            cursor += 1
        }
        return entries
    }

    static var variables: [String: String] {
        Dictionary(
            entries.compactMap { entry in
                entry.firstIndex(of: "=").map { (String(entry[..<$0]), String(entry[entry.index(after: $0)...])) }
            }, uniquingKeysWith: { first, _ in first })
    }

    /// This program's own file, as it was found.
    static var program: String {
        let given = CommandLine.arguments[0]
        if given.hasPrefix("/") { return given }
        if given.contains("/") { return currentFolder + "/" + given }
        let folders = (variables["PATH"] ?? "").split(separator: ":")
        return folders.map { "\($0)/\(given)" }.first { access($0, X_OK) == 0 } ?? given
    }

    /// A path that the user gave, seen from where the command was given.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : currentFolder + "/" + path
    }

    static var currentFolder: String {
        guard let path = getcwd(nil, 0) else { return "." }
        defer { free(path) }
        return String(cString: path)
    }
}
