// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// What stands behind an option, and how it is read.
struct OptionValue {
    /// As it was written: `--memory`, `-m`.
    let option: String
    let text: String
    /// Of Martlet itself: where `--env NAME` takes its value from.
    let environment: [String: String]

    func failure(_ wanted: String) -> DiagnosticError {
        DiagnosticError(
            .containerOptionInvalid, "The container option \(option) has the value '\(text)', and needs \(wanted).")
    }

    func integer() throws(DiagnosticError) -> Int {
        guard let value = Int(text) else { throw failure("a whole number") }
        return value
    }

    /// For a switch: `--init`, `--init=false`. Words as Go's `strconv.ParseBool` has them.
    func isOn() throws(DiagnosticError) -> Bool {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw failure("true or false")
        }
    }

    /// Around the first `separator`.
    func pair(_ separator: Character, _ wanted: String) throws(DiagnosticError) -> (String, String) {
        guard let place = text.firstIndex(of: separator), place > text.startIndex else { throw failure(wanted) }
        return (String(text[..<place]), String(text[text.index(after: place)...]))
    }

    /// `512m`, `1.5gb`, `1024`; powers of 1024 (docker/go-units, RAMInBytes).
    func bytes() throws(DiagnosticError) -> Int {
        let wanted = "a size such as 512m or 2g"
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        var unit = text.dropFirst(number.count).lowercased().drop { $0 == " " }
        if unit.hasSuffix("b") { unit = unit.dropLast() }
        if unit.hasSuffix("i"), unit.count > 1 { unit = unit.dropLast() }
        guard let value = Double(number), let power = ["", "k", "m", "g", "t", "p"].firstIndex(of: String(unit)) else {
            throw failure(wanted)
        }
        let bytes = (0..<power).reduce(value) { amount, _ in amount * 1024 }
        guard bytes.isFinite, bytes < 1e15 else { throw failure(wanted) }
        return Int(bytes)
    }

    /// `1m30s`, `500ms` (Go, `time.ParseDuration`).
    func duration() throws(DiagnosticError) -> Duration {
        let wanted = "a duration such as 10s or 1m30s"
        if text == "0" { return .zero }
        var rest = text[...]
        var nanoseconds = 0.0
        guard !rest.isEmpty else { throw failure(wanted) }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(number), let scale = Self.units[String(unit)] else { throw failure(wanted) }
            nanoseconds += value * scale
        }
        guard nanoseconds < 1e18 else { throw failure(wanted) }
        return .nanoseconds(Int64(nanoseconds))
    }

    private static let units: [String: Double] = [
        "ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9,
    ]
}
