// SPDX-License-Identifier: Apache-2.0

/// One workflow command on a line of a step's output: `::name key=value::data`, or `##[name key=value]data`.
package struct WorkflowCommand: Hashable, Sendable {
    package struct Property: Hashable, Sendable {
        package var key: String
        package var value: String
    }

    /// As written.
    package var name: String
    /// In the order of first mention; a later mention of a key (whatever its case) replaced the value.
    package var properties: [Property]
    /// Unescaped; may hold line breaks.
    package var data: String

    package init(name: String, properties: [Property] = [], data: String = "") {
        self.name = name
        self.properties = properties
        self.data = data
    }

    /// The value of a property, its key compared without regard to case.
    package subscript(key: String) -> String? {
        get { properties.first { $0.key.equalsIgnoringASCIICase(key) }?.value }
        set {
            let place = properties.firstIndex { $0.key.equalsIgnoringASCIICase(key) }
            switch (place, newValue) {
            case (let place?, let value?): properties[place].value = value
            case (let place?, nil): properties.remove(at: place)
            case (nil, let value?): properties.append(Property(key: key, value: value))
            case (nil, nil): break
            }
        }
    }
}

extension WorkflowCommand {
    /// Reads one line, without its line break. `nil` where the line is no command, or its name is not known.
    ///
    /// The `::` form must begin the line, blanks aside; the `##[` form may stand anywhere in it, and what is before it
    /// is dropped. Both as the runner reads them.
    package init?(line: UnsafeRawBufferPointer, isKnown: (Substring) -> Bool) {
        if let command = Self.colonForm(line, isKnown) ?? Self.bracketForm(line, isKnown) {
            self = command
        } else {
            return nil
        }
    }

    /// The line as text, for tests and single lines.
    package init?(line: String, isKnown: (Substring) -> Bool) {
        var line = line
        let command = line.withUTF8 { Self(line: UnsafeRawBufferPointer($0), isKnown: isKnown) }
        guard let command else { return nil }
        self = command
    }

    private static func colonForm(_ line: UnsafeRawBufferPointer, _ isKnown: (Substring) -> Bool) -> Self? {
        var start = 0
        while start < line.count, line[start].isBlank { start += 1 }
        guard start + 4 <= line.count, line[start] == .colon, line[start + 1] == .colon else { return nil }
        var end = start + 2
        while end + 1 < line.count, !(line[end] == .colon && line[end + 1] == .colon) { end += 1 }
        guard end + 1 < line.count else { return nil }
        let info = line.text(start + 2, end)
        guard let head = Head(info, isKnown: isKnown, separator: ",", escapes: .property) else { return nil }
        return Self(
            name: head.name, properties: head.properties, data: line.text(end + 2, line.count).unescaped(.data))
    }

    private static func bracketForm(_ line: UnsafeRawBufferPointer, _ isKnown: (Substring) -> Bool) -> Self? {
        guard let start = line.firstMarker(from: 0) else { return nil }
        var end = start + 3
        while end < line.count, line[end] != .closingBracket { end += 1 }
        guard end < line.count else { return nil }
        let info = line.text(start + 3, end)
        guard let head = Head(info, isKnown: isKnown, separator: ";", escapes: .bracket) else { return nil }
        return Self(
            name: head.name, properties: head.properties, data: line.text(end + 1, line.count).unescaped(.bracket))
    }

    /// `name key=value,key=value`: the part of a command before its data.
    private struct Head {
        var name: String
        var properties: [Property] = []

        init?(_ info: String, isKnown: (Substring) -> Bool, separator: Character, escapes: CommandEscapes) {
            let space = info.firstIndex(of: " ")
            let name = info[..<(space ?? info.endIndex)]
            guard isKnown(name) else { return nil }
            self.name = String(name)
            guard let space, space > info.startIndex else { return }
            var rest = info[info.index(after: space)...]
            if escapes == .property {
                rest = rest.trimmingBlanks()
            }
            var command = WorkflowCommand(name: "")
            for part in rest.split(separator: separator) {
                // Empty parts do not count: `a==b` is `b` at `a`, and `a=` is nothing.
                let trimmed = part.drop { $0 == "=" }
                guard let equals = trimmed.firstIndex(of: "=") else { continue }
                let value = trimmed[equals...].drop { $0 == "=" }
                guard !value.isEmpty else { continue }
                command[String(trimmed[..<equals])] = String(value).unescaped(escapes)
            }
            properties = command.properties
        }
    }
}

/// Which percent escapes are read where.
package enum CommandEscapes: Hashable, Sendable {
    /// Data of the `::` form: CR, LF, percent.
    case data
    /// Properties of the `::` form: also colon and comma.
    case property
    /// The `##[` form: also semicolon and closing bracket.
    case bracket

    fileprivate func byte(_ high: UInt8, _ low: UInt8) -> UInt8? {
        switch (high, low, self) {
        case (0x30, 0x44, _): 0x0D
        case (0x30, 0x41, _): 0x0A
        case (0x32, 0x35, _): 0x25
        case (0x33, 0x41, .property): .colon
        case (0x32, 0x43, .property): 0x2C
        case (0x33, 0x42, .bracket): 0x3B
        case (0x35, 0x44, .bracket): .closingBracket
        default: nil
        }
    }
}

extension String {
    /// The text with `%0A` and the like undone. Only capital digits count, as in the runner.
    func unescaped(_ escapes: CommandEscapes) -> String {
        guard utf8.contains(0x25) else { return self }
        let source = Array(utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(source.count)
        var index = 0
        while index < source.count {
            if source[index] == 0x25, index + 2 < source.count,
                let byte = escapes.byte(source[index + 1], source[index + 2])
            {
                bytes.append(byte)
                index += 3
            } else {
                bytes.append(source[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
