// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import StepExecution
internal import StructuredData

/// `actions/setup-node`. Source of the rules: its v4, `main.ts`, `util.ts`, `authutil.ts`.
enum SetupNode {
    /// Names of long-term releases, by their major versions: https://nodejs.org/download/release/index.json
    private static let names = [
        "argon": 4, "boron": 6, "carbon": 8, "dubnium": 10, "erbium": 12, "fermium": 14, "gallium": 16, "hydrogen": 18,
        "iron": 20, "jod": 22, "krypton": 24,
    ]

    static func run(_ wish: SetupAction.Wish, _ report: inout NativeReport) throws(DiagnosticError) {
        let wanted = try version(wish, &report)
        var tool = wanted.isEmpty ? system(wish.search) : nil
        if !wanted.isEmpty {
            let architecture = wish.architecture()
            let all =
                wish.search.cached("node", architecture) { ToolVersion($0) }
                + (architecture == ToolSearch.architecture ? [system(wish.search)].compactMap { $0 } : [])
            tool = try choose(wanted, all)
            guard let tool else { throw ToolSearch.missing("node", wanted, architecture, found: all) }
            if tool.isOfCache {
                report.line("Found in cache @ \(tool.folder)")
                report.addPath(tool.folder + "/bin")
            } else {
                report.line("The node of this machine is used: \(tool.folder)")
            }
        }
        if let tool {
            report.line("node: v\(tool.version)")
            report.output("node-version", "v\(tool.version)")
        }
        try registry(wish, &report)
    }

    private static func system(_ search: ToolSearch) -> ToolSearch.Tool? {
        guard let path = search.program("node"), let text = search.output(path, ["--version"]),
            let version = ToolVersion(text)
        else { return nil }
        return ToolSearch.Tool(version: version, folder: path, isOfCache: false, text: text)
    }

    private static func choose(
        _ wanted: String, _ all: [ToolSearch.Tool]
    ) throws(DiagnosticError) -> ToolSearch.Tool? {
        let text = wanted.lowercased()
        if ["latest", "node", "current"].contains(text) { return all.max { $0.version < $1.version } }
        if text.hasPrefix("lts/") { return longTerm(String(text.dropFirst(4)), all) }
        guard let range = VersionRange(wanted, takesEarly: wanted.contains("-")) else {
            throw DiagnosticError(.nativeInputInvalid, "'\(wanted)' is no version of node, and no range of versions.")
        }
        let found = all.filter { range.contains($0.version) }
        // The tool cache first, the newest of it.
        return found.first { $0.isOfCache } ?? found.first
    }

    private static func longTerm(_ name: String, _ all: [ToolSearch.Tool]) -> ToolSearch.Tool? {
        let known = Set(names.values)
        let majors = known.sorted(by: >)
        if let major = names[name] { return all.first { $0.version.major == major } }
        if let back = Int(name), (1 - majors.count...0).contains(back) {
            return all.first { $0.version.major == majors[-back] }
        }
        guard name == "*" else { return nil }
        return all.filter { known.contains($0.version.major) }.max { $0.version < $1.version }
    }

    private static func version(
        _ wish: SetupAction.Wish, _ report: inout NativeReport
    ) throws(DiagnosticError) -> String {
        let (given, file) = (wish.text("node-version"), wish.text("node-version-file"))
        if !given.isEmpty, !file.isEmpty {
            report.warn("Both node-version and node-version-file inputs are specified, only node-version will be used")
        }
        if !given.isEmpty || file.isEmpty { return given }
        let text = try wish.search.text(of: file, "node")
        let found: String?
        if let data = try? DataValue(json: Array(text.utf8)), data.object != nil {
            found = data["volta"]?["node"]?.string ?? data["engines"]?["node"]?.string
        } else {
            found = plain(text)
        }
        guard let found, !found.isEmpty else {
            report.warn("Could not determine node version from \(file). Falling back")
            return ""
        }
        report.line("Resolved \(file) as \(found)")
        return found
    }

    /// `.nvmrc`, `.node-version`, `.tool-versions`: a line that is a version, or `nodejs` and one.
    private static func plain(_ text: String) -> String? {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.count == 1 { return String(words[0]) }
            if words.count == 2, ["node", "nodejs"].contains(words[0]) { return String(words[1]) }
        }
        return text.trimmingBlanks()
    }

    private static func registry(_ wish: SetupAction.Wish, _ report: inout NativeReport) throws(DiagnosticError) {
        var address = wish.text("registry-url")
        guard !address.isEmpty else { return }
        if !address.hasSuffix("/") { address += "/" }
        var scope = wish.text("scope")
        if scope.isEmpty, address.contains("npm.pkg.github.com") { scope = wish.github }
        if !scope.isEmpty { scope = (scope.hasPrefix("@") ? scope : "@" + scope).lowercased() + ":" }
        let place = address.split(separator: ":", maxSplits: 1).last.map(String.init) ?? address
        let lines = [
            "\(place):_authToken=${NODE_AUTH_TOKEN}", "\(scope)registry=\(address)",
            "always-auth=\(wish.text("always-auth").isEmpty ? "false" : wish.text("always-auth"))",
        ]
        let file = try ConfinedFolder(path: wish.folders.temporary).file(".npmrc", mode: 0o600)
        try file.write(Array(lines.joined(separator: "\n").utf8))
        report.set("NPM_CONFIG_USERCONFIG", wish.folders.temporary + "/.npmrc")
        let token = wish.search.variables.last { $0.name == "NODE_AUTH_TOKEN" }?.value
        report.set("NODE_AUTH_TOKEN", token ?? "XXXXX-XXXXX-XXXXX-XXXXX")
    }
}
