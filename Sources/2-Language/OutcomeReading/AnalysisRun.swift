// SPDX-License-Identifier: Apache-2.0

import StructuredData

/// One run of a SARIF file: its tool, its rules and its base addresses (OASIS SARIF 2.1.0, sections in brackets).
struct AnalysisRun {
    private let limits: OutcomeLimits
    private let tool: String
    private let rules: [DataValue]
    private let ruleIndices: [String: Int]
    private let extensions: [DataValue]
    private let globalMessages: DataValue?
    private let bases: DataObject?
    private let artifacts: [DataValue]

    init(_ run: DataValue, _ limits: OutcomeLimits) {
        let driver = run["tool"]?["driver"]
        self.limits = limits
        tool = driver?["name"]?.string ?? ""
        rules = driver?["rules"]?.array ?? []
        var indices: [String: Int] = [:]
        for (index, rule) in rules.enumerated() {
            if let id = rule["id"]?.string, indices[id] == nil { indices[id] = index }
        }
        ruleIndices = indices
        extensions = run["tool"]?["extensions"]?.array ?? []
        globalMessages = driver?["globalMessageStrings"]
        bases = run["originalUriBaseIds"]?.object
        artifacts = run["artifacts"]?.array ?? []
    }

    /// - Returns: `nil` where the value is no result.
    func finding(_ result: DataValue) -> AnalysisFinding? {
        guard result.object != nil, let message = result["message"], message.object != nil else { return nil }
        let rule = rule(of: result)
        // [3.27.5] The id may stand in the result, in its reference, or only in the rule itself.
        let id = result["ruleId"]?.string ?? result["rule"]?["id"]?.string ?? rule?["id"]?.string ?? ""
        var finding = AnalysisFinding(
            tool: tool, rule: id, level: level(of: result, rule), message: text(message, rule) ?? id,
            isSuppressed: isSuppressed(result))
        let location = result["locations"]?.array?.first?["physicalLocation"]
        finding.file = location?["artifactLocation"].flatMap(file)
        let region = location?["region"]
        finding.line = region?["startLine"]?.int.flatMap(Self.positive)
        finding.endLine = region?["endLine"]?.int.flatMap(Self.positive)
        finding.column = region?["startColumn"]?.int.flatMap(Self.positive)
        finding.endColumn = region?["endColumn"]?.int.flatMap(Self.positive)
        return finding
    }

    private static func positive(_ number: Int) -> Int? { number > 0 ? number : nil }

    /// [3.52.4] By index in the tool or in one of its extensions, or by id.
    private func rule(of result: DataValue) -> DataValue? {
        let reference = result["rule"]
        var list = rules
        if let component = reference?["toolComponent"]?["index"]?.int, component >= 0 {
            guard component < extensions.count else { return nil }
            list = extensions[component]["rules"]?.array ?? []
        }
        if let index = (result["ruleIndex"] ?? reference?["index"])?.int, list.indices.contains(index) {
            return list[index]
        }
        guard let id = result["ruleId"]?.string ?? reference?["id"]?.string else { return nil }
        // [3.27.5] `CA1000/1` is a case of the rule `CA1000`.
        return (ruleIndices[id] ?? id.lastIndex(of: "/").flatMap { ruleIndices[String(id[..<$0])] }).map { rules[$0] }
    }

    /// [3.27.10] What the result says, else what the rule says, else a warning; a result that is no failure has none.
    private func level(of result: DataValue, _ rule: DataValue?) -> AnalysisFinding.Level {
        if let level = result["level"]?.string.flatMap(AnalysisFinding.Level.init) { return level }
        if let kind = result["kind"]?.string, kind != "fail" { return .none }
        return rule?["defaultConfiguration"]?["level"]?.string.flatMap(AnalysisFinding.Level.init) ?? .warning
    }

    /// [3.11] The text, or the rule's text of that id with the arguments in place of `{0}`.
    private func text(_ message: DataValue, _ rule: DataValue?) -> String? {
        let id = message["id"]?.string
        let named = id.flatMap { rule?["messageStrings"]?[$0]?["text"]?.string ?? globalMessages?[$0]?["text"]?.string }
        guard let text = message["text"]?.string ?? named ?? message["markdown"]?.string else {
            return rule?["shortDescription"]?["text"]?.string
        }
        let arguments = message.strings("arguments")
        return limits.cut(arguments.isEmpty ? text : Self.filled(text, arguments))
    }

    /// `{0}` is an argument, `{{` a brace.
    private static func filled(_ text: String, _ arguments: [String]) -> String {
        var filled = ""
        var rest = text[...]
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            filled += rest[..<brace]
            let after = rest.index(after: brace)
            let digits = rest[after...].prefix { $0.isASCII && $0.isNumber }
            if after < rest.endIndex, rest[after] == rest[brace] {
                filled.append(rest[brace])
                rest = rest[rest.index(after: after)...]
            } else if rest[brace] == "{", let number = Int(digits), number < arguments.count,
                digits.endIndex < rest.endIndex, rest[digits.endIndex] == "}"
            {
                filled += arguments[number]
                rest = rest[rest.index(after: digits.endIndex)...]
            } else {
                filled.append(rest[brace])
                rest = rest[after...]
            }
        }
        return filled + rest
    }

    /// [3.35.2] A suppression that was refused, or is not yet decided, does not count.
    private func isSuppressed(_ result: DataValue) -> Bool {
        let suppressions = result["suppressions"]?.array ?? []
        return suppressions.contains { ["accepted", nil].contains($0["status"]?.string) }
    }

    // MARK: the file

    /// Base addresses in base addresses.
    private static let maximumBases = 8

    /// [3.4] A relative address stands under its base where that says something; `%SRCROOT%` without one is the repository.
    private func file(_ location: DataValue) -> String? {
        var location = location
        if location["uri"] == nil, let index = location["index"]?.int, artifacts.indices.contains(index),
            let artifact = artifacts[index]["location"]
        {
            location = artifact
        }
        guard var address = location["uri"]?.string, !address.isEmpty else { return nil }
        var base = location["uriBaseId"]?.string
        for _ in 0..<Self.maximumBases {
            guard !Self.isAbsolute(address), let name = base, let next = bases?[name] else { break }
            let prefix = next["uri"]?.string ?? ""
            address = prefix.isEmpty || prefix.hasSuffix("/") ? prefix + address : prefix + "/" + address
            base = next["uriBaseId"]?.string
        }
        return Self.path(address)
    }

    private static func isAbsolute(_ address: String) -> Bool { address.hasPrefix("/") || address.contains("://") }

    /// `file:///a%20b` is `/a b`; other schemes stay as they are.
    private static func path(_ address: String) -> String {
        var address = address[...]
        if address.lowercased().hasPrefix("file:") {
            address = address.dropFirst(5)
            if address.hasPrefix("//") { address = address.dropFirst(2).drop { $0 != "/" } }
        } else if address.contains("://") {
            return String(address)
        }
        var bytes: [UInt8] = []
        var source = Array(address.utf8)[...]
        while let byte = source.popFirst() {
            let digits = source.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2,
                let escaped = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                bytes.append(escaped)
                source = source.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
