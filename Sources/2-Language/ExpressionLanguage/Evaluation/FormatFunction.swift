// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

/// The text of a `format` call, cut at its placeholders.
struct FormatTemplate {
    enum Segment: Hashable {
        case text(String)
        /// `{index}` or `{index:specifiers}`.
        case argument(Int, specifiers: String)
    }

    enum Fault: Error {
        /// A brace stands alone, or what it encloses is no placeholder.
        case malformed
        /// A placeholder's number is not below the number of arguments.
        case missingArgument
    }

    var segments: [Segment] = []

    /// - Parameter argumentCount: how many values follow the text.
    init(_ text: String, argumentCount: Int) throws(Fault) {
        let bytes = Array(text.utf8)
        var run: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let isBrace = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}")
            if isBrace, index + 1 < bytes.count, bytes[index + 1] == byte {
                run.append(byte)
                index += 2
            } else if byte == UInt8(ascii: "{") {
                let placeholder = try Self.placeholder(bytes, at: &index)
                guard placeholder.index < argumentCount else { throw .missingArgument }
                if !run.isEmpty { segments.append(.text(String(decoding: run, as: UTF8.self))) }
                run.removeAll(keepingCapacity: true)
                segments.append(.argument(placeholder.index, specifiers: placeholder.specifiers))
            } else if isBrace {
                throw .malformed
            } else {
                run.append(byte)
                index += 1
            }
        }
        if !run.isEmpty { segments.append(.text(String(decoding: run, as: UTF8.self))) }
    }

    private static func placeholder(
        _ bytes: [UInt8], at index: inout Int
    ) throws(Fault) -> (index: Int, specifiers: String) {
        index += 1
        var number = 0
        let start = index
        while index < bytes.count, bytes[index] &- 0x30 <= 9 {
            number = number * 10 + Int(bytes[index] - 0x30)
            guard number <= Int(UInt8.max) else { throw .malformed }
            index += 1
        }
        guard index > start, index < bytes.count else { throw .malformed }
        var specifiers: [UInt8] = []
        if bytes[index] == UInt8(ascii: ":") {
            index += 1
            while index < bytes.count {
                if bytes[index] == UInt8(ascii: "}") {
                    guard index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "}") else { break }
                    index += 1
                }
                specifiers.append(bytes[index])
                index += 1
            }
        }
        guard index < bytes.count, bytes[index] == UInt8(ascii: "}") else { throw .malformed }
        index += 1
        return (number, String(decoding: specifiers, as: UTF8.self))
    }
}

extension Evaluation {
    mutating func format(
        _ arguments: [ExpressionNode], node: ExpressionNode, level: Int
    ) throws(ExpressionError) -> String {
        let text = try evaluate(arguments[0], level: level + 1).value.coercedToString
        let template: FormatTemplate
        do {
            template = try FormatTemplate(text, argumentCount: arguments.count - 1)
        } catch .malformed {
            throw ExpressionError(evaluation: "The following format string is invalid: \(text)")
        } catch {
            throw ExpressionError(
                evaluation: "The following format string references more arguments than were supplied: \(text)")
        }
        var values: [Int: DataValue] = [:]
        var result = ""
        let limit = memory.remainingBytes
        for segment in template.segments {
            switch segment {
            case .text(let run): result += run
            case .argument(let index, let specifiers):
                let value: DataValue
                if let known = values[index] {
                    value = known
                } else {
                    value = try evaluate(arguments[index + 1], level: level + 1).value
                    values[index] = value
                }
                guard specifiers.isEmpty else {
                    throw ExpressionError(
                        evaluation: "The format specifiers '\(specifiers)' are not valid for objects of type "
                            + "'\(value.expressionKind)'")
                }
                result += value.coercedToString
            }
            guard result.utf8.count <= limit else { throw exceededMemory(node) }
        }
        return result
    }
}
