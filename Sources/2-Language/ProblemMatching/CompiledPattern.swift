// SPDX-License-Identifier: Apache-2.0

import CPCRE2
import Diagnostics

/// One regular expression, compiled by PCRE2 to machine code where the processor allows it.
///
/// Compiled for what the runner asks .NET for (`ECMAScript`, `CultureInvariant`): `\d`, `\w` and `\s` are ASCII, `\uXXXX`
/// is JavaScript's, a dot is one Unicode scalar. No match takes long: its work has a limit, whatever the pattern.
final class CompiledPattern {
    /// What one attempt came to.
    enum Outcome: Equatable {
        case matched
        case notMatched
        /// Given up: the number is PCRE2's, the work or the memory for it ran out.
        case exhausted(code: Int32)
    }

    /// Bytes of a pattern's text. Real ones have a few hundred.
    static let maximumPatternBytes = 16 << 10
    /// PCRE2's count of steps for one line: 12 to 35 ms of backtracking.
    static let workLimit: UInt32 = 10_000_000
    /// What nearly every line costs less than: 20 to 50 µs, and more for a long one.
    static func easyWorkLimit(lineBytes: Int) -> UInt32 { 20_000 + 16 * UInt32(clamping: min(lineBytes, 1 << 20)) }
    /// Nested backtracking, where the pattern is interpreted.
    static let depthLimit: UInt32 = 100_000
    /// Memory for backtracking, where the pattern is interpreted.
    static let heapLimitKiB: UInt32 = 16 << 10
    /// The stack of the machine code.
    private static let stackBytes = 1 << 20

    private let code: OpaquePointer
    private let matchData: OpaquePointer
    private let matchContext: OpaquePointer
    private let stack: OpaquePointer?
    private let ranges: UnsafeMutablePointer<Int>
    private let isMachineCode: Bool
    /// Capturing groups, the whole match among them.
    let groupCount: Int
    /// .NET's number of a group to PCRE2's: .NET counts the named groups after the others. Empty where they agree.
    private let groupOrder: [Int]

    /// - Parameter prepares: make it fast; without, it is only checked.
    init(_ pattern: String, prepares: Bool = true) throws(DiagnosticError) {
        let code = try Self.compile(pattern)
        var captures: UInt32 = 0
        pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_CAPTURECOUNT), &captures)
        isMachineCode = prepares && pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE)) == 0
        guard let matchData = pcre2_match_data_create_from_pattern_8(code, nil),
            let matchContext = pcre2_match_context_create_8(nil)
        else { preconditionFailure("there is no memory for a pattern's matches") }
        pcre2_set_depth_limit_8(matchContext, Self.depthLimit)
        pcre2_set_heap_limit_8(matchContext, Self.heapLimitKiB)
        stack = isMachineCode ? pcre2_jit_stack_create_8(32 << 10, Self.stackBytes, nil) : nil
        if let stack { pcre2_jit_stack_assign_8(matchContext, nil, UnsafeMutableRawPointer(stack)) }
        self.code = code
        self.matchData = matchData
        self.matchContext = matchContext
        ranges = pcre2_get_ovector_pointer_8(matchData)
        groupCount = Int(captures) + 1
        groupOrder = Self.groupOrder(code, groupCount)
    }

    deinit {
        pcre2_match_data_free_8(matchData)
        pcre2_match_context_free_8(matchContext)
        pcre2_jit_stack_free_8(stack)
        pcre2_code_free_8(code)
    }

    /// Looks for the pattern in a line, which must be UTF-8. Its ``range(ofGroup:)`` hold until the next call.
    func match(_ line: UnsafeRawBufferPointer, workLimit: UInt32 = CompiledPattern.workLimit) -> Outcome {
        pcre2_set_match_limit_8(matchContext, workLimit)
        if let start = line.baseAddress { return match(start.assumingMemoryBound(to: UInt8.self), line.count) }
        // PCRE2 asks for a text even where it has no length.
        var nothing: UInt8 = 0
        return match(&nothing, 0)
    }

    private func match(_ start: UnsafePointer<UInt8>, _ count: Int) -> Outcome {
        let result =
            isMachineCode
            ? pcre2_jit_match_8(code, start, count, 0, 0, matchData, matchContext)
            : pcre2_match_8(code, start, count, 0, UInt32(PCRE2_NO_UTF_CHECK), matchData, matchContext)
        if result > 0 { return .matched }
        return result == PCRE2_ERROR_NOMATCH ? .notMatched : .exhausted(code: result)
    }

    /// Where a group of the last match lies in the line; `nil` where the group took no part, or there is none.
    func range(ofGroup number: Int) -> Range<Int>? {
        guard number >= 0, number < groupCount else { return nil }
        let group = groupOrder.isEmpty ? number : groupOrder[number]
        let (start, end) = (ranges[group * 2], ranges[group * 2 + 1])
        // `\K` in a look-ahead can put the end before the start; a group that took no part has -1 for both.
        return start >= 0 && start <= end ? start..<end : nil
    }

    // MARK: compiling

    private static func compile(_ pattern: String) throws(DiagnosticError) -> OpaquePointer {
        var pattern = pattern
        guard pattern.utf8.count <= maximumPatternBytes else {
            throw DiagnosticError(
                .matcherLimit, "The regular expression is longer than \(maximumPatternBytes) bytes.",
                remedy: "Split it into several matchers.")
        }
        guard let context = pcre2_compile_context_create_8(nil) else {
            preconditionFailure("there is no memory for a pattern")
        }
        defer { pcre2_compile_context_free_8(context) }
        pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_LF))
        // \C would split a character; \u and \x mean what they mean in JavaScript and .NET.
        let options =
            UInt32(PCRE2_UTF) | UInt32(PCRE2_NEVER_BACKSLASH_C) | UInt32(PCRE2_ALT_BSUX) | UInt32(PCRE2_NO_UTF_CHECK)
        var error: Int32 = 0
        var offset = 0
        let code = pattern.withUTF8 { text in
            // PCRE2 asks for a text even where it has no length.
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) { empty in
                pcre2_compile_8(
                    text.baseAddress ?? UnsafePointer(empty.baseAddress), text.count, options, &error, &offset, context)
            }
        }
        guard let code else {
            throw DiagnosticError(
                .matcherPatternInvalid,
                "The regular expression '\(pattern)' is not valid at character \(offset + 1): \(message(of: error)).",
                remedy: "Correct it; patterns follow PCRE2's syntax with JavaScript's escapes.")
        }
        return code
    }

    /// PCRE2's own sentence on a code.
    static func message(of code: Int32) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer in
            let length = pcre2_get_error_message_8(code, buffer.baseAddress, buffer.count)
            return length > 0 ? String(decoding: buffer.prefix(Int(length)), as: UTF8.self) : "error \(code)"
        }
    }

    /// - Returns: empty where no group has a name.
    private static func groupOrder(_ code: OpaquePointer, _ groupCount: Int) -> [Int] {
        var names: UInt32 = 0
        var entryBytes: UInt32 = 0
        var table: UnsafePointer<UInt8>?
        pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMECOUNT), &names)
        pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMEENTRYSIZE), &entryBytes)
        pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMETABLE), &table)
        guard names > 0, let table else { return [] }
        let named = (0..<Int(names)).map { index in
            Int(table[index * Int(entryBytes)]) << 8 | Int(table[index * Int(entryBytes) + 1])
        }.sorted()
        return (0..<groupCount).filter { !named.contains($0) } + named
    }
}
