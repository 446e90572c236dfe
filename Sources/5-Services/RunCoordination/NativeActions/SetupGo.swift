// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess

/// `actions/setup-go`. Source of the rules: its v6, `main.ts`, `installer.ts`.
enum SetupGo {
    static func run(_ wish: SetupAction.Wish, _ report: inout NativeReport) throws(DiagnosticError) {
        report.set("GOTOOLCHAIN", "local")
        let wanted = try version(wish, &report)
        report.line("Setup go version spec \(wanted)")
        let installed = system(wish.search)
        var tool = installed
        if wanted.isEmpty {
            report.line(
                "[warning]go-version input was not specified. The action will try to use pre-installed version.")
        } else {
            let architecture = wish.architecture()
            let all =
                wish.search.cached("go", architecture) { ToolVersion($0) }
                + (architecture == ToolSearch.architecture ? [installed].compactMap { $0 } : [])
            let isAny = ["stable", "oldstable"].contains(wanted)
            guard let range = VersionRange(isAny ? "*" : spec(wanted)) else {
                throw DiagnosticError(.nativeInputInvalid, "'\(wanted)' is no version of Go, and no range of versions.")
            }
            let found = all.filter { range.contains($0.version) }
            tool = found.first { $0.isOfCache } ?? found.first
            guard let tool else { throw ToolSearch.missing("Go", wanted, architecture, found: all) }
            if tool.isOfCache {
                report.line("Found in cache @ \(tool.folder)")
                report.addPath(tool.folder + "/bin")
                report.line("Added go to the path")
            } else {
                report.line("The Go of this machine is used: \(tool.folder)")
            }
            report.line("Successfully set up Go version \(wanted)")
        }
        guard let tool else { return }
        let program = tool.isOfCache ? tool.folder + "/bin/go" : tool.folder
        // What `go install` makes is found by the steps after this one.
        let path = wish.search.output(program, ["env", "GOPATH"]) ?? wish.search.home + "/go"
        report.addPath(path + "/bin")
        report.output("go-version", tool.text)
    }

    private static func system(_ search: ToolSearch) -> ToolSearch.Tool? {
        // go version go1.22.1 linux/amd64
        guard let path = search.program("go"), let text = search.output(path, ["version"]),
            let word = text.split(separator: " ").dropFirst(2).first, word.hasPrefix("go"),
            let version = ToolVersion(spec(String(word.dropFirst(2))))
        else { return nil }
        return ToolSearch.Tool(version: version, folder: path, isOfCache: false, text: String(word.dropFirst(2)))
    }

    /// `1.22rc1` is `1.22.0-rc.1`; ranges stay as they are.
    private static func spec(_ text: String) -> String {
        for word in ["beta", "rc"] {
            guard let place = text.firstRange(of: word) else { continue }
            let version = text[..<place.lowerBound]
            let isShort = version.split(separator: ".").count == 2
            return "\(version)\(isShort ? ".0" : "")-\(word).\(text[place.upperBound...])"
        }
        return text
    }

    private static func version(
        _ wish: SetupAction.Wish, _ report: inout NativeReport
    ) throws(DiagnosticError) -> String {
        let (given, file) = (wish.text("go-version"), wish.text("go-version-file"))
        if !given.isEmpty, !file.isEmpty {
            report.warn("Both go-version and go-version-file inputs are specified, only go-version will be used")
        }
        if !given.isEmpty || file.isEmpty { return given }
        let text = try wish.search.text(of: file, "go")
        let name = file.split(separator: "/").last ?? ""
        let lines = text.split(whereSeparator: \.isNewline).map { $0.split(whereSeparator: \.isWhitespace) }
        if ["go.mod", "go.work"].contains(name) {
            for words in lines where words.count == 2 && words[0] == "toolchain" && words[1].hasPrefix("go") {
                return String(words[1].dropFirst(2))
            }
            for words in lines where words.count >= 2 && words[0] == "go" { return String(words[1]) }
            return ""
        }
        if name == ".tool-versions" {
            for words in lines where words.count >= 2 && ["go", "golang"].contains(words[0]) { return String(words[1]) }
            return ""
        }
        return text.trimmingBlanks()
    }
}
