// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import StepExecution

/// `actions/setup-python`. Source of the rules: its v5, `setup-python.ts`, `find-python.ts`, `utils.ts`.
enum SetupPython {
    /// Minor versions that a `python3.N` is looked for of.
    private static let minors = 6...20
    private static let question =
        "import sys; sys.stdout.write('\\n'.join([sys.version.split()[0], sys.executable, sys.prefix]))"

    static func run(_ wish: SetupAction.Wish, _ report: inout NativeReport) throws(DiagnosticError) {
        for wanted in try versions(wish, &report) { try set(wanted, wish, &report) }
    }

    private static func set(
        _ given: String, _ wish: SetupAction.Wish, _ report: inout NativeReport
    ) throws(DiagnosticError) {
        var (wanted, architecture) = (given, wish.architecture())
        if wish.isOn("freethreaded") || wanted.hasSuffix("t") {
            architecture += "-freethreaded"
            if wanted.hasSuffix("t") { wanted = String(wanted.dropLast()) }
        }
        let isEarly = wanted.hasSuffix("-dev")
        if isEarly { wanted = "~" + wanted.dropLast(4) }
        guard let range = VersionRange(wanted, takesEarly: isEarly || wish.isOn("allow-prereleases")) else {
            throw DiagnosticError(.nativeInputInvalid, "'\(given)' is no version of Python, and no range of versions.")
        }
        let cached = wish.search.cached("Python", architecture) { ToolVersion($0) }
        if let tool = cached.first(where: { range.contains($0.version) }) {
            return use(tool, wish, &report)
        }
        var all = cached
        if architecture == ToolSearch.architecture {
            for name in ["python3", "python"] + minors.reversed().map({ "python3.\($0)" }) {
                guard let found = system(name, wish.search) else { continue }
                all.append(found.tool)
                if range.contains(found.tool.version) { return try use(found, wish, &report) }
            }
        }
        throw ToolSearch.missing("Python", given, architecture, found: all)
    }

    private struct Installed {
        var tool: ToolSearch.Tool
        var program: String
    }

    private static func system(_ name: String, _ search: ToolSearch) -> Installed? {
        guard let path = search.program(name), let text = search.output(path, ["-I", "-c", question]) else {
            return nil
        }
        let lines = text.split(separator: "\n").map(String.init)
        guard lines.count == 3, let version = ToolVersion(lines[0].prefix { $0.isNumber || $0 == "." }) else {
            return nil
        }
        return Installed(
            tool: ToolSearch.Tool(version: version, folder: lines[2], isOfCache: false, text: lines[0]),
            program: lines[1])
    }

    private static func use(_ tool: ToolSearch.Tool, _ wish: SetupAction.Wish, _ report: inout NativeReport) {
        if !wish.isOff("update-environment") {
            locate(tool.folder, &report)
            let library = tool.folder + "/lib"
            let others = wish.search.variables.last { $0.name == "LD_LIBRARY_PATH" }?.value
            report.set("LD_LIBRARY_PATH", library + (others.map { ":" + $0 } ?? ""))
            report.addPath(tool.folder)
            report.addPath(tool.folder + "/bin")
        }
        tell(tool, program: tool.folder + "/bin/python", &report)
    }

    /// What is installed may have no `python`, only a `python3`: a folder of its own has both.
    private static func use(
        _ installed: Installed, _ wish: SetupAction.Wish, _ report: inout NativeReport
    ) throws(DiagnosticError) {
        report.line("The Python of this machine is used: \(installed.program)")
        if !wish.isOff("update-environment") {
            locate(installed.tool.folder, &report)
            let folder = "\(wish.folders.temporary)/martlet-python-\(installed.tool.version)"
            try Trees.make(folder)
            let version = installed.tool.version
            for name in ["python", "python3", "python\(version.major).\(version.numbers[1])"] {
                let path = "\(folder)/\(name)"
                try? Files.remove(path)
                try Trees.makeLink(path, to: installed.program)
            }
            report.addPath(folder)
        }
        tell(installed.tool, program: installed.program, &report)
    }

    private static func locate(_ folder: String, _ report: inout NativeReport) {
        for name in ["pythonLocation", "Python_ROOT_DIR", "Python2_ROOT_DIR", "Python3_ROOT_DIR"] {
            report.set(name, folder)
        }
        report.set("PKG_CONFIG_PATH", folder + "/lib/pkgconfig")
    }

    private static func tell(_ tool: ToolSearch.Tool, program: String, _ report: inout NativeReport) {
        report.output("python-version", tool.text)
        report.output("python-path", program)
        report.line("Successfully set up CPython (\(tool.text))")
    }

    // MARK: which version

    private static func versions(
        _ wish: SetupAction.Wish, _ report: inout NativeReport
    ) throws(DiagnosticError) -> [String] {
        let (given, file) = (wish.lines("python-version"), wish.text("python-version-file"))
        if !given.isEmpty {
            if !file.isEmpty {
                report.warn(
                    "Both python-version and python-version-file inputs are specified, only python-version will be used."
                )
            }
            return given
        }
        guard !file.isEmpty else {
            let path = wish.folders.workspace + "/.python-version"
            guard let bytes = try Files.readIfPresent(path, limit: 64 << 10) else {
                report.line(
                    "[warning]Neither 'python-version' nor 'python-version-file' inputs were supplied. "
                        + "Attempting to find '.python-version' file.")
                report.warn(
                    "The `python-version` input is not set.  The version of Python currently in `PATH` will be used.")
                return []
            }
            return [String(decoding: bytes, as: UTF8.self).trimmingBlanks()]
        }
        let found = version(in: try wish.search.text(of: file, "python"), file)
        guard let found else { throw DiagnosticError(.nativeInputInvalid, "There is no version of Python in \(file).") }
        report.line("Resolved \(file) as \(found)")
        return [found]
    }

    private static func version(in text: String, _ file: String) -> String? {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingBlanks() }
        if file.hasSuffix(".toml") {
            // `requires-python` of a project, `python` of poetry's dependencies.
            for line in lines {
                let halves = line.split(separator: "=", maxSplits: 1).map { $0.trimmingBlanks() }
                guard halves.count == 2, ["requires-python", "python"].contains(halves[0]) else { continue }
                let value = halves[1].prefix { $0 != "#" }.trimmingBlanks().filter { $0 != "\"" && $0 != "'" }
                return value.split(separator: ",").joined(separator: " ")
            }
            return nil
        }
        if file.hasSuffix(".tool-versions") {
            for line in lines {
                let words = line.split(whereSeparator: \.isWhitespace)
                if words.count >= 2, words[0] == "python" { return String(words[1]) }
            }
            return nil
        }
        return text.trimmingBlanks()
    }
}
