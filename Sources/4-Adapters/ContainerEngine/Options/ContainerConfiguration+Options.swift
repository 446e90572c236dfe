// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension ContainerConfiguration {
    /// Applies a line of `docker create`'s options, as `container.options` and `services.*.options` hold one.
    ///
    /// - Parameter environment: where `--env NAME` takes its value from.
    /// - Throws: ``DiagnosticCode/containerOptionUnknown``, ``DiagnosticCode/containerOptionInvalid``,
    ///   ``DiagnosticCode/containerOptionRefused``, ``DiagnosticCode/volumeSyntaxInvalid``,
    ///   ``DiagnosticCode/portSyntaxInvalid``.
    package mutating func apply(options text: String, environment: [String: String] = [:]) throws(DiagnosticError) {
        var words = try ShellWords.split(text)[...]
        while let word = words.popFirst() {
            if word.hasPrefix("--") {
                try applyLong(word, &words, environment)
            } else if word.hasPrefix("-"), word != "-" {
                try applyShort(word, &words, environment)
            } else {
                throw DiagnosticError(
                    .containerOptionInvalid, "'\(word)' in the container options is no option, and belongs to none.",
                    remedy: "Put quotes around a value with spaces.")
            }
        }
    }

    /// `--name value` or `--name=value`.
    private mutating func applyLong(
        _ word: String, _ words: inout ArraySlice<String>, _ environment: [String: String]
    ) throws(DiagnosticError) {
        let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts.first ?? "")
        guard let option = ContainerOption.byName[name] else { throw Self.unknown("--" + name) }
        var value = parts.count == 2 ? String(parts[1]) : nil
        if option.takesValue, value == nil { value = words.popFirst() }
        try apply(option, as: "--" + name, value, environment)
    }

    /// `-e value`, `-evalue`, `-e=value`, and switches together: `-it`.
    private mutating func applyShort(
        _ word: String, _ words: inout ArraySlice<String>, _ environment: [String: String]
    ) throws(DiagnosticError) {
        var rest = word.dropFirst()
        while let letter = rest.popFirst() {
            guard let option = ContainerOption.byShortName[letter] else { throw Self.unknown("-\(letter)") }
            guard option.takesValue else {
                try apply(option, as: "-\(letter)", nil, environment)
                continue
            }
            if rest.hasPrefix("=") { rest = rest.dropFirst() }
            let value = rest.isEmpty ? words.popFirst() : String(rest)
            return try apply(option, as: "-\(letter)", value, environment)
        }
    }

    private mutating func apply(
        _ option: ContainerOption, as name: String, _ text: String?, _ environment: [String: String]
    ) throws(DiagnosticError) {
        switch option.effect {
        case .refused(let reason):
            throw DiagnosticError(
                .containerOptionRefused, "The container option \(name) is not taken: \(reason).",
                remedy: "Remove it from the options.")
        case .switches(let change):
            change(&self, try OptionValue(option: name, text: text ?? "true", environment: environment).isOn())
        case .sets(let change):
            guard let text else {
                throw DiagnosticError(.containerOptionInvalid, "The container option \(name) has no value.")
            }
            try change(&self, OptionValue(option: name, text: text, environment: environment))
        }
    }

    private static func unknown(_ name: String) -> DiagnosticError {
        let known = ContainerOption.byName.keys.map { "--" + $0 }
        let nearest = name.hasPrefix("--") ? NearestName.find(name, among: known) : nil
        return DiagnosticError(
            .containerOptionUnknown, "The container option \(name) is not known.",
            remedy: nearest.map { "Did you mean \($0)?" } ?? "Remove it: options are those of 'docker create'.")
    }
}
