// SPDX-License-Identifier: Apache-2.0

/// The second pass for secrets that have a `*` in them: stars written for another secret could complete one.
///
/// Bytes go onto a stack; where a form stands at its top, the form is replaced by stars, which go through the same
/// check. Each replacement makes the text shorter, so that this ends, and what leaves the stack holds no form.
struct StarredStage: Sendable {
    private var forms: [[UInt8]] = []
    private var stack: [UInt8] = []
    private static let star = UInt8(ascii: "*")

    var isHolding: Bool { !stack.isEmpty }

    mutating func insert(_ form: [UInt8]) {
        if !forms.contains(form) { forms.append(form) }
    }

    mutating func forgetStream() { stack = [] }

    mutating func pass(_ bytes: [UInt8], isLast: Bool, into output: inout [UInt8]) {
        for byte in bytes { push(byte) }
        let safe = isLast ? stack.count : pendingStart()
        output.append(contentsOf: stack[..<safe])
        stack.removeFirst(safe)
    }

    private mutating func push(_ byte: UInt8) {
        var starsToPush = 0
        var next = byte
        while true {
            stack.append(next)
            if let length = formAtTop() {
                stack.removeLast(length)
                starsToPush = 3
            }
            guard starsToPush > 0 else { return }
            starsToPush -= 1
            next = Self.star
        }
    }

    private func formAtTop() -> Int? {
        var longest: Int?
        for form in forms where form.last == stack.last && stack.count >= form.count {
            if form.count > longest ?? 0, stack[(stack.count - form.count)...].elementsEqual(form) {
                longest = form.count
            }
        }
        return longest
    }

    /// What could begin a form stays, and what could together with stars in its place.
    private func pendingStart() -> Int {
        var end = stack.count
        while true {
            let longest = forms.map(\.count).max() ?? 0
            let start = (max(0, end - longest)..<end).first { start in
                forms.contains { $0.count > end - start && $0[..<(end - start)].elementsEqual(stack[start..<end]) }
            }
            guard let start else { return end }
            end = start
        }
    }
}
