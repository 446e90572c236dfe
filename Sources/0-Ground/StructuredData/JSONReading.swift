// SPDX-License-Identifier: Apache-2.0

/// What a JSON text may not exceed. Reading stops with a ``JSONError`` at the first byte past a limit.
public struct JSONLimits: Hashable, Sendable {
    /// The length of the whole text.
    public var maximumBytes: Int
    /// How many arrays and objects may be open at once.
    public var maximumDepth: Int
    /// What a repeated key of one object means.
    public var duplicateKeys: DuplicateKeys

    /// RFC 8259 leaves the meaning of a repeated key open; each reader has to say.
    public enum DuplicateKeys: Hashable, Sendable {
        case keepFirst
        case keepLast
        case reject
    }

    public init(
        maximumBytes: Int = 64 << 20, maximumDepth: Int = 256, duplicateKeys: DuplicateKeys = .keepLast
    ) {
        self.maximumBytes = maximumBytes
        self.maximumDepth = min(maximumDepth, Self.deepest)
        self.duplicateKeys = duplicateKeys
    }

    /// The reader and the writers recurse: this depth is safe on a 512 KiB thread stack.
    public static let deepest = 1000
    public static let standard = JSONLimits()
}

/// Why a text is not JSON, and where.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A sentence without position and without a full stop.
    public var message: String
    /// Bytes from the start of the text.
    public var offset: Int
    /// 1-based.
    public var line: Int
    /// 1-based, in Unicode scalars.
    public var column: Int

    public var description: String { "\(message) at line \(line), column \(column)" }

    init(_ message: String, offset: Int, in text: UnsafeBufferPointer<UInt8>) {
        self.message = message
        self.offset = offset
        line = 1
        column = 1
        for byte in text.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
    }
}

extension DataValue {
    /// Reads one JSON text (RFC 8259, UTF-8, no byte order mark, nothing but white space around it).
    ///
    /// Numbers become IEEE doubles. A text that is not JSON, is not UTF-8, has a lone surrogate escape, or
    /// passes a limit throws a ``JSONError`` with its position.
    public init(json bytes: some Sequence<UInt8>, limits: JSONLimits = .standard) throws(JSONError) {
        let outcome = bytes.withContiguousStorageIfAvailable { Self.read($0, limits) }
        if let outcome {
            self = try outcome.get()
        } else {
            self = try Array(bytes).withUnsafeBufferPointer { Self.read($0, limits) }.get()
        }
    }

    /// Reads one JSON text that lies in memory.
    public init(json bytes: UnsafeRawBufferPointer, limits: JSONLimits = .standard) throws(JSONError) {
        self = try bytes.withMemoryRebound(to: UInt8.self) { Self.read($0, limits) }.get()
    }

    /// Reads one JSON text that is a string.
    public init(json text: String, limits: JSONLimits = .standard) throws(JSONError) {
        var text = text
        self = try text.withUTF8 { Self.read($0, limits) }.get()
    }

    private static func read(
        _ text: UnsafeBufferPointer<UInt8>, _ limits: JSONLimits
    ) -> Result<DataValue, JSONError> {
        Result { () throws(JSONError) in
            var reader = JSONReader(text: text, limits: limits)
            return try reader.document()
        }
    }
}

/// A recursive-descent reader over bytes. Depth is bounded by ``JSONLimits/maximumDepth``.
struct JSONReader {
    let text: UnsafeBufferPointer<UInt8>
    let limits: JSONLimits
    var offset = 0
    private var depth = 0

    init(text: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        self.text = text
        self.limits = limits
    }

    mutating func document() throws(JSONError) -> DataValue {
        guard text.count <= limits.maximumBytes else {
            throw failure("The text is longer than \(limits.maximumBytes) bytes", at: limits.maximumBytes)
        }
        skipWhiteSpace()
        let value = try value()
        skipWhiteSpace()
        guard offset == text.count else { throw unexpected("the end") }
        return value
    }

    private mutating func value() throws(JSONError) -> DataValue {
        guard offset < text.count else { throw failure("The text ends where a value is expected", at: offset) }
        switch text[offset] {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        default: throw unexpected("a value")
        }
    }

    private mutating func array() throws(JSONError) -> [DataValue] {
        try enter()
        var items: [DataValue] = []
        if take(UInt8(ascii: "]")) {
            depth -= 1
            return items
        }
        while true {
            skipWhiteSpace()
            items.append(try value())
            skipWhiteSpace()
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "]")) else { throw unexpected("',' or ']'") }
            depth -= 1
            return items
        }
    }

    private mutating func object() throws(JSONError) -> DataObject {
        try enter()
        var members = DataObject()
        if take(UInt8(ascii: "}")) {
            depth -= 1
            return members
        }
        // Most objects are small: this saves growing one key at a time.
        members.reserveCapacity(4)
        while true {
            skipWhiteSpace()
            let start = offset
            guard offset < text.count, text[offset] == UInt8(ascii: "\"") else { throw unexpected("a key") }
            let key = try string()
            skipWhiteSpace()
            guard take(UInt8(ascii: ":")) else { throw unexpected("':'") }
            skipWhiteSpace()
            let member = try value()
            try add(member, for: key, keyOffset: start, to: &members)
            skipWhiteSpace()
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "}")) else { throw unexpected("',' or '}'") }
            depth -= 1
            return members
        }
    }

    private func add(
        _ value: DataValue, for key: String, keyOffset: Int, to members: inout DataObject
    ) throws(JSONError) {
        switch limits.duplicateKeys {
        case .keepLast: members[key] = value
        case .keepFirst: if members[key] == nil { members[key] = value }
        case .reject:
            guard members[key] == nil else { throw failure("The key '\(key)' is repeated", at: keyOffset) }
            members[key] = value
        }
    }

    /// Steps over the opening bracket and the white space behind it.
    private mutating func enter() throws(JSONError) {
        depth += 1
        guard depth <= limits.maximumDepth else {
            throw failure("Arrays and objects are nested deeper than \(limits.maximumDepth)", at: offset)
        }
        offset += 1
        skipWhiteSpace()
    }

    private mutating func word(_ text: StaticString, _ value: DataValue) throws(JSONError) -> DataValue {
        let length = text.utf8CodeUnitCount
        guard self.text.count - offset >= length else { throw unexpected("a value") }
        for index in 0..<length where self.text[offset + index] != text.utf8Start[index] {
            throw unexpected("a value")
        }
        offset += length
        return value
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard offset < text.count, text[offset] == byte else { return false }
        offset += 1
        return true
    }

    private mutating func skipWhiteSpace() {
        while offset < text.count {
            switch text[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: return
            }
        }
    }

    func failure(_ message: String, at offset: Int) -> JSONError {
        JSONError(message, offset: min(offset, text.count), in: text)
    }

    func unexpected(_ wanted: String) -> JSONError {
        guard offset < text.count else {
            return failure("The text ends where \(wanted) is expected", at: offset)
        }
        let byte = text[offset]
        let found =
            (0x21...0x7E).contains(byte)
            ? "'\(Character(Unicode.Scalar(byte)))'" : "byte 0x" + String(byte, radix: 16, uppercase: true)
        return failure("Expected \(wanted) but found \(found)", at: offset)
    }
}
