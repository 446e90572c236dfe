// SPDX-License-Identifier: Apache-2.0

import StructuredData
import Testing

@Suite("JSON is read strictly")
struct JSONReadingTests {
    @Test("every kind of value is read")
    func kinds() throws {
        let value = try DataValue(json: #" {"a": [1, -2.5e3, "x", true, false, null, {}], "b": {"c": ""}} "#)
        #expect(value["a"] == [1, -2500, "x", true, false, nil, .object([:])])
        #expect(value["b"]?["c"] == "")
        #expect(value.object?.keys == ["a", "b"])
    }

    @Test(
        "numbers are the nearest doubles",
        arguments: [
            ("0", 0), ("-0", -0.0), ("9007199254740993", 9_007_199_254_740_992), ("0.1", 0.1), ("1E+2", 100),
            ("123456789012345678", 123_456_789_012_345_680), ("1e400", .infinity), ("5e-324", .leastNonzeroMagnitude),
        ])
    func numbers(text: String, number: Double) throws {
        #expect(try DataValue(json: text) == .number(number))
    }

    @Test("escapes, surrogate pairs and scalars beyond the first plane are read")
    func strings() throws {
        #expect(try DataValue(json: #""a\"\\\/\b\f\n\r\t\u0041\uD83D\uDE00😀é""#).string == "a\"\\/\u{8}\u{c}\n\r\tA😀😀é")
    }

    @Test(
        "what is not JSON is refused with its place",
        arguments: [
            ("", 1, 1), (" ", 1, 2), ("{", 1, 2), ("[1,]", 1, 4), ("[1 2]", 1, 4), ("{\"a\" 1}", 1, 6),
            ("{a: 1}", 1, 2), ("01", 1, 1), ("1.", 1, 3), ("-", 1, 2), (".5", 1, 1), ("+1", 1, 1), ("1e", 1, 3),
            ("tru", 1, 1), ("nul1", 1, 1), ("NaN", 1, 1), ("\"a", 1, 1), ("\"\t\"", 1, 2), ("\"\\x\"", 1, 2),
            ("\"\\u12g4\"", 1, 6), ("\"\\ud800\"", 1, 2), ("\"\\udc00\"", 1, 2), ("\"\\ud800\\u0041\"", 1, 2),
            ("\u{FEFF}1", 1, 1), ("[\n \"é\" x]", 2, 6), ("// a\n1", 1, 1), ("'a'", 1, 1), ("1 1", 1, 3), ("]", 1, 1),
        ])
    func refusals(text: String, line: Int, column: Int) {
        let error = #expect(throws: JSONError.self) { try DataValue(json: text) }
        #expect(error?.line == line)
        #expect(error?.column == column, "\(text): \(String(describing: error))")
    }

    @Test("bytes that are not UTF-8 are refused")
    func invalidUTF8() {
        let lone: [UInt8] = [0x22, 0xC3, 0x22]
        let behindEscape: [UInt8] = [0x22, 0x5C, 0x6E, 0xFF, 0x22]
        #expect(throws: JSONError.self) { try DataValue(json: lone) }
        #expect(throws: JSONError.self) { try DataValue(json: behindEscape) }
    }

    @Test("limits hold, and the deepest nesting allowed can be read and written")
    func limits() throws {
        let deep = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        let limits = JSONLimits(maximumBytes: 4000, maximumDepth: .max)
        #expect(try DataValue(json: deep(JSONLimits.deepest), limits: limits).jsonText() == deep(JSONLimits.deepest))
        #expect(throws: JSONError.self) { try DataValue(json: deep(JSONLimits.deepest + 1), limits: limits) }
        #expect(throws: JSONError.self) { try DataValue(json: String(repeating: " ", count: 4001), limits: limits) }
        #expect(throws: JSONError.self) { try DataValue(json: String(repeating: "[", count: 1_000_000)) }
    }

    @Test("a repeated key means what the caller says")
    func duplicateKeys() throws {
        let text = #"{"a":1,"b":2,"a":3}"#
        #expect(try DataValue(json: text).jsonText() == #"{"a":3,"b":2}"#)
        let first = try DataValue(json: text, limits: JSONLimits(duplicateKeys: .keepFirst))
        #expect(first.jsonText() == #"{"a":1,"b":2}"#)
        let error = #expect(throws: JSONError.self) {
            try DataValue(json: text, limits: JSONLimits(duplicateKeys: .reject))
        }
        #expect(error?.offset == 13)
    }
}

@Suite("JSON is written")
struct JSONWritingTests {
    @Test(
        "compact numbers read back exactly",
        arguments: [
            (0.0, "0"), (-0.0, "-0.0"), (1, "1"), (-17, "-17"), (0.1, "0.1"), (1e21, "1e+21"),
            (.leastNonzeroMagnitude, "5e-324"),
            (9_007_199_254_740_991, "9007199254740991"), (.nan, "null"), (-.infinity, "null"),
        ])
    func exactNumbers(number: Double, text: String) throws {
        #expect(DataValue.number(number).jsonText() == text)
        if number.isFinite { #expect(try DataValue(json: text).number?.bitPattern == number.bitPattern) }
    }

    @Test(
        "toJSON's numbers have 15 digits",
        arguments: [
            (0.0, "0"), (-0.0, "0"), (0.84551240822557006, "0.84551240822557"), (1e14, "100000000000000"),
            (1e15, "1E+15"), (123_456_789_012_345_680, "1.23456789012346E+17"), (0.0001, "0.0001"), (0.00001, "1E-05"),
            (1e-100, "1E-100"), (1.0 / 3, "0.333333333333333"), (.nan, "NaN"), (-.infinity, "-Infinity"),
        ])
    func shortNumbers(number: Double, text: String) {
        #expect(DataValue.numberText(number) == text)
    }

    @Test("compact text has no white space and only the escapes that are needed")
    func compact() {
        let value: DataValue = .object(["a\"b": [1, "\u{1}\n\u{2028}é😀/"], "c": .object([:]), "d": []])
        #expect(value.jsonText() == "{\"a\\\"b\":[1,\"\\u0001\\n\u{2028}é😀/\"],\"c\":{},\"d\":[]}")
    }

    @Test("pretty text is what toJSON prints")
    func pretty() {
        let value: DataValue = .object(["a": [1, [], .object([:])], "b": "\u{85}\u{2028}\u{1f}é"])
        #expect(
            value.prettyJSONText() == """
                {
                  "a": [
                    1,
                    [],
                    {}
                  ],
                  "b": "\\u0085\\u2028\\u001fé"
                }
                """)
    }
}
