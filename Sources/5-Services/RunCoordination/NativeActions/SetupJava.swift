// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import StepExecution

/// `actions/setup-java`. Source of the rules: its v5, `setup-java.ts`, `distributions/base-installer.ts`, `util.ts`.
enum SetupJava {
    /// The names of distributions in the tool cache, by those of the input.
    private static let folders = [
        "temurin": "Temurin-Hotspot", "adopt": "Adopt-Hotspot", "adopt-hotspot": "Adopt-Hotspot",
        "adopt-openj9": "Adopt-OpenJ9", "semeru": "IBM_Semeru", "zulu": "Zulu", "liberica": "Liberica",
        "microsoft": "Microsoft", "corretto": "Corretto", "oracle": "Oracle", "dragonwell": "Dragonwell",
        "sapmachine": "SapMachine", "graalvm": "GraalVM", "jetbrains": "JetBrains",
    ]
    private static let installedFolder = "/usr/lib/jvm"

    static func run(_ wish: SetupAction.Wish, _ report: inout NativeReport) throws(DiagnosticError) {
        var (versions, distribution) = (wish.lines("java-version"), wish.text("distribution"))
        if versions.isEmpty {
            let found = try version(wish)
            versions = [found.version]
            if distribution.isEmpty { distribution = found.distribution }
        }
        guard !distribution.isEmpty else {
            throw DiagnosticError(.nativeInputInvalid, "distribution input is required")
        }
        guard let folder = folders[distribution.lowercased()] else {
            throw DiagnosticError(
                .nativeInputInvalid, "No supported distribution was found for input \(distribution)")
        }
        for version in versions { try set(version, (distribution, folder), wish, &report) }
        for name in ["gpg-private-key", "mvn-server-credentials", "server-id"] where !wish.text(name).isEmpty {
            report.line("'\(name)' is not looked at: no settings.xml and no key is written here.")
        }
    }

    private static func set(
        _ given: String, _ distribution: (name: String, folder: String), _ wish: SetupAction.Wish,
        _ report: inout NativeReport
    ) throws(DiagnosticError) {
        let isEarly = given.hasSuffix("-ea")
        let wanted = isEarly ? String(given.dropLast(3)) : given
        let isAny = wanted.lowercased() == "latest"
        guard let range = VersionRange(isAny ? "*" : old(wanted)) else {
            throw DiagnosticError(.nativeInputInvalid, "'\(given)' is no version of Java, and no range of versions.")
        }
        let architecture = wish.architecture(ToolSearch.architecture == "arm64" ? "aarch64" : ToolSearch.architecture)
        let package = wish.text("java-package").isEmpty ? "jdk" : wish.text("java-package")
        let cached = wish.search.cached("Java_\(distribution.folder)_\(package)", architecture) { name in
            guard name.contains("-ea") == isEarly else { return nil }
            let plain = name.split(separator: "-", maxSplits: 1).map { $0.replacing("ea.", with: "") }
            return ToolVersion(plain.count == 2 && plain[1] != "ea" ? "\(plain[0])+\(plain[1])" : plain[0])
        }
        let all = cached + (isEarly ? [] : installed(wish.search))
        guard let tool = all.first(where: { range.contains($0.version) }) else {
            throw ToolSearch.missing("Java", given, architecture, found: all)
        }
        if tool.isOfCache {
            report.line("Resolved Java \(tool.version) from tool-cache")
        } else {
            report.line("The Java of this machine is used, whatever its distribution: \(tool.folder)")
        }
        let version = tool.version.description + (tool.version.build.isEmpty ? "" : "+" + tool.version.build)
        if !wish.isOff("set-default") {
            report.set("JAVA_HOME", tool.folder)
            report.addPath(tool.folder + "/bin")
        }
        report.set("JAVA_HOME_\(tool.version.major)_\(architecture.uppercased())", tool.folder)
        report.output("distribution", distribution.name)
        report.output("path", tool.folder)
        report.output("version", version)
        report.line("Java configuration:")
        for line in ["Distribution: \(distribution.name)", "Version: \(version)", "Path: \(tool.folder)"] {
            report.line("  " + line)
        }
    }

    // MARK: what is installed

    private static func installed(_ search: ToolSearch) -> [ToolSearch.Tool] {
        var homes = search.variables.filter { $0.name.hasPrefix("JAVA_HOME") }.map(\.value)
        if let program = search.program("java"), let real = Files.realPath(program) {
            homes.append(Files.directory(of: Files.directory(of: real)))
        }
        homes += ((try? Trees.list(installedFolder)) ?? []).map { "\(installedFolder)/\($0.name)" }.sorted(by: >)
        var seen: Set<String> = []
        return homes.filter { search.isTrusted($0) && seen.insert(Files.realPath($0) ?? $0).inserted }.compactMap(tool)
    }

    /// By the file `release` that each installation has.
    private static func tool(_ home: String) -> ToolSearch.Tool? {
        guard Files.facts(home + "/bin/java")?.isExecutable == true,
            let bytes = try? Files.readIfPresent(home + "/release", limit: 1 << 20)
        else { return nil }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let halves = line.split(separator: "=", maxSplits: 1)
            guard halves.count == 2, halves[0] == "JAVA_VERSION" else { continue }
            let text = old(halves[1].filter { $0 != "\"" })
            return ToolVersion(text).map { ToolSearch.Tool(version: $0, folder: home, isOfCache: false, text: text) }
        }
        return nil
    }

    /// `1.8.0_392` is `8.0.392`.
    private static func old(_ text: String) -> String {
        guard text.hasPrefix("1.") else { return text }
        return String(text.dropFirst(2).map { $0 == "_" ? "." : $0 })
    }

    // MARK: which version

    private static func version(
        _ wish: SetupAction.Wish
    ) throws(DiagnosticError) -> (version: String, distribution: String) {
        let file = wish.text("java-version-file")
        guard !file.isEmpty else {
            throw DiagnosticError(.nativeInputInvalid, "java-version or java-version-file input expected")
        }
        let text = try wish.search.text(of: file, "java")
        let name = file.split(separator: "/").last ?? ""
        for line in text.split(whereSeparator: \.isNewline).map({ $0.trimmingBlanks() }) where !line.hasPrefix("#") {
            var value = line
            if name == ".sdkmanrc" || name == ".tool-versions" {
                let parts = line.split(whereSeparator: { $0 == "=" || $0.isWhitespace })
                guard parts.count >= 2, parts[0] == "java" else { continue }
                value = String(parts[1])
            }
            let words = value.split(separator: "-").map(String.init)
            let numeral = words.first { $0.first?.isNumber == true } ?? ""
            guard !numeral.isEmpty else { continue }
            let vendor = words.first { $0.first?.isLetter == true } ?? ""
            let known = ["tem": "temurin", "zulu": "zulu", "amzn": "corretto", "librca": "liberica", "ms": "microsoft"]
            return (old(numeral), known[vendor] ?? vendor)
        }
        throw DiagnosticError(.nativeInputInvalid, "No supported version was found in file \(file)")
    }
}
