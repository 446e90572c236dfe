// SPDX-License-Identifier: Apache-2.0

import CPCRE2

/// One compiled expression and what its matches need.
///
/// No call takes long, whatever the pattern: PCRE2 counts the steps of a match from each place where it may begin.
/// Nearly all lines need few of them; a line that needs more is tried again with many, in short parts, and the clock is
/// asked in between. A long line is searched in parts from the start. See docs/decisions/log-archive.md for the numbers.
final class PatternCode {
    /// Steps from one place that nearly every match needs less of.
    private static let easySteps: UInt32 = 20_000
    /// Steps from one place after which the pattern is given up: 1 to 4 ms.
    private static let mostSteps: UInt32 = 1_000_000
    /// How many places of a line are tried in one call.
    private static let easyPlaces = 512
    private static let hardPlaces = 64
    /// Nested backtracking, where the pattern is interpreted.
    private static let depthLimit: UInt32 = 100_000
    /// Memory for backtracking, where the pattern is interpreted.
    private static let heapLimitKiB: UInt32 = 16 << 10
    /// The stack of the machine code.
    private static let stackBytes = 1 << 20

    private let code: OpaquePointer
    private let matchData: OpaquePointer
    private let matchContext: OpaquePointer
    private let stack: OpaquePointer?
    private let range: UnsafeMutablePointer<Int>
    private let isMachineCode: Bool
    private var steps: UInt32 = 0

    convenience init(expression: String) throws(LogError) {
        let options = [PCRE2_UTF, UInt32(PCRE2_NEVER_BACKSLASH_C), PCRE2_USE_OFFSET_LIMIT]
        try self.init(Array(expression.utf8), options, shown: expression)
    }

    convenience init(ignoringCase text: String) throws(LogError) {
        let options = [PCRE2_UTF, PCRE2_LITERAL, UInt32(PCRE2_CASELESS), PCRE2_USE_OFFSET_LIMIT]
        try self.init(Array(text.utf8), options, shown: text)
    }

    /// For ``find(in:from:)``: bytes are compared as they are.
    convenience init(literal: [UInt8]) throws(LogError) {
        try self.init(literal, [PCRE2_LITERAL], shown: String(decoding: literal, as: UTF8.self))
    }

    private init(_ pattern: [UInt8], _ options: [UInt32], shown: String) throws(LogError) {
        let code = try Self.compile(pattern, options.reduce(UInt32(PCRE2_NO_UTF_CHECK), |), shown)
        pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE))
        // A pattern can ask to be interpreted, which is no error.
        var machineCodeBytes = 0
        pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_JITSIZE), &machineCodeBytes)
        isMachineCode = machineCodeBytes > 0
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
        range = pcre2_get_ovector_pointer_8(matchData)
    }

    deinit {
        pcre2_match_data_free_8(matchData)
        pcre2_match_context_free_8(matchContext)
        pcre2_jit_stack_free_8(stack)
        pcre2_code_free_8(code)
    }

    private static func compile(
        _ pattern: [UInt8], _ options: UInt32, _ shown: String
    ) throws(LogError) -> OpaquePointer {
        guard let context = pcre2_compile_context_create_8(nil) else {
            preconditionFailure("there is no memory for a pattern")
        }
        defer { pcre2_compile_context_free_8(context) }
        pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_LF))
        var error: Int32 = 0
        var offset = 0
        let code = pattern.withUnsafeBufferPointer {
            pcre2_compile_8($0.baseAddress, $0.count, options, &error, &offset, context)
        }
        guard let code else {
            let detail = "\(message(of: error)), at byte \(offset + 1)"
            throw .search(.patternInvalid(shown, detail: detail))
        }
        return code
    }

    /// PCRE2's own sentence on a code.
    private static func message(of code: Int32) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer in
            let length = pcre2_get_error_message_8(code, buffer.baseAddress, buffer.count)
            return length > 0 ? String(decoding: buffer.prefix(Int(length)), as: UTF8.self) : "error \(code)"
        }
    }

    func isUTF8(_ line: UnsafeRawBufferPointer) -> Bool {
        String(validating: line, as: UTF8.self) != nil
    }

    /// The offset of the first place of a literal at or after `start`.
    func find(in text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < text.count, let base = text.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
        let result =
            isMachineCode
            ? pcre2_jit_match_8(code, base, text.count, start, 0, matchData, matchContext)
            : pcre2_match_8(code, base, text.count, start, 0, matchData, matchContext)
        return result > 0 ? range[0] : nil
    }

    /// - Parameter line: UTF-8.
    func search(_ line: UnsafeRawBufferPointer, _ pace: inout SearchPace) throws(SearchStop) -> Range<Int>? {
        guard let start = line.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
            // PCRE2 asks for a text even where it has no length.
            var nothing: UInt8 = 0
            return try search(&nothing, 0, &pace)
        }
        return try search(start, line.count, &pace)
    }

    private func search(
        _ line: UnsafePointer<UInt8>, _ count: Int, _ pace: inout SearchPace
    ) throws(SearchStop) -> Range<Int>? {
        var from = 0
        repeat {
            var end = min(from + Self.easyPlaces, count)
            try pace.step()
            var result = match(line, count, from: from, to: end, Self.easySteps)
            if Self.isExhausted(result) {
                // Few places at once from here on: each may take long.
                end = min(from + Self.hardPlaces, count)
                try pace.look()
                result = match(line, count, from: from, to: end, Self.mostSteps)
            }
            if result > 0 {
                // `\K` in a look-ahead can put the start behind the end.
                return min(range[0], range[1])..<range[1]
            }
            guard result == PCRE2_ERROR_NOMATCH else { throw .tooMuchWork }
            from = end + 1
            while from < count, line[from] & 0xC0 == 0x80 { from += 1 }
        } while from <= count
        return nil
    }

    private static func isExhausted(_ result: Int32) -> Bool { result < PCRE2_ERROR_NOMATCH }

    /// Looks for a match that begins at one of the places, the last one included.
    private func match(
        _ line: UnsafePointer<UInt8>, _ count: Int, from: Int, to end: Int, _ steps: UInt32
    ) -> Int32 {
        if steps != self.steps {
            self.steps = steps
            pcre2_set_match_limit_8(matchContext, steps)
        }
        pcre2_set_offset_limit_8(matchContext, end)
        return isMachineCode
            ? pcre2_jit_match_8(code, line, count, from, 0, matchData, matchContext)
            : pcre2_match_8(code, line, count, from, UInt32(PCRE2_NO_UTF_CHECK), matchData, matchContext)
    }
}
