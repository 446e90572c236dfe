// SPDX-License-Identifier: Apache-2.0

/// Splits what a step writes into ordinary output, which is handed on in whole pieces, and lines that may be commands.
///
/// Ordinary output costs a `memchr` a line: no line is made into text. A line ends with LF, CR or CRLF, as for the
/// runner. An unfinished line is kept back until its end comes, so that where the writes are split makes no difference.
struct OutputScanner {
    /// A line longer than this is ordinary output, whatever it says.
    static let maximumHeldBytes = 1 << 20

    /// The beginning of a line whose end has not come.
    private var held: [UInt8] = []
    /// The line is over the limit: the rest of it is handed on as it comes.
    private var isOverlong = false
    /// A command's line ended with CR at the end of a piece: an LF that follows belongs to it.
    private var swallowsLineFeed = false

    /// - Parameters:
    ///   - plain: gets ordinary output in whole lines, their breaks included.
    ///   - piece: gets parts of a line that is over the limit.
    ///   - line: gets a line that may be a command, without its break; answers whether it was one.
    mutating func scan(
        _ chunk: UnsafeRawBufferPointer,
        plain: (UnsafeRawBufferPointer) -> Void,
        piece: (UnsafeRawBufferPointer) -> Void,
        line: (UnsafeRawBufferPointer) -> Bool
    ) {
        guard !chunk.isEmpty else { return }
        var start = 0
        if swallowsLineFeed {
            swallowsLineFeed = false
            if chunk[0] == .lineFeed { start = 1 }
        }
        if !held.isEmpty || isOverlong {
            guard let next = finishHeld(chunk, from: start, plain: plain, piece: piece, line: line) else { return }
            start = next
        }
        var end = chunk.count
        while end > start, chunk[end - 1] != .lineFeed, chunk[end - 1] != .carriageReturn { end -= 1 }
        if end > start { scanLines(UnsafeRawBufferPointer(rebasing: chunk[start..<end]), plain, line) }
        if end < chunk.count { hold(UnsafeRawBufferPointer(rebasing: chunk[end...]), piece: piece) }
    }

    /// The end of the output: an unfinished last line counts as a line.
    mutating func finish(plain: (UnsafeRawBufferPointer) -> Void, line: (UnsafeRawBufferPointer) -> Bool) {
        let last = held
        held = []
        last.withUnsafeBytes { bytes in
            if !bytes.isEmpty, !(mayBeCommand(bytes) && line(bytes)) { plain(bytes) }
        }
        isOverlong = false
        swallowsLineFeed = false
    }

    /// Adds up to the end of the held line. The place after it, or `nil` where its end is not in the chunk.
    private mutating func finishHeld(
        _ chunk: UnsafeRawBufferPointer, from start: Int,
        plain: (UnsafeRawBufferPointer) -> Void, piece: (UnsafeRawBufferPointer) -> Void,
        line: (UnsafeRawBufferPointer) -> Bool
    ) -> Int? {
        var ends = LineEnds(chunk, from: start)
        guard let end = ends.next(from: start) else {
            hold(UnsafeRawBufferPointer(rebasing: chunk[start...]), piece: piece)
            return nil
        }
        let next = afterBreak(chunk, end)
        if isOverlong {
            piece(UnsafeRawBufferPointer(rebasing: chunk[start..<next]))
            isOverlong = false
            return next
        }
        held.append(contentsOf: chunk[start..<end])
        let length = held.count
        held.append(contentsOf: chunk[end..<next])
        let whole = held
        held.removeAll(keepingCapacity: true)
        let isCommand =
            length <= Self.maximumHeldBytes
            && whole.withUnsafeBytes { bytes in
                let text = UnsafeRawBufferPointer(rebasing: bytes[..<length])
                return mayBeCommand(text) && line(text)
            }
        if isCommand { noteBreak(chunk, end) } else { whole.withUnsafeBytes(plain) }
        return next
    }

    private mutating func hold(_ rest: UnsafeRawBufferPointer, piece: (UnsafeRawBufferPointer) -> Void) {
        if isOverlong { return piece(rest) }
        held.append(contentsOf: rest)
        guard held.count > Self.maximumHeldBytes else { return }
        held.withUnsafeBytes(piece)
        held = []
        isOverlong = true
    }

    private mutating func scanLines(
        _ body: UnsafeRawBufferPointer, _ plain: (UnsafeRawBufferPointer) -> Void,
        _ line: (UnsafeRawBufferPointer) -> Bool
    ) {
        var plainStart = 0
        var start = 0
        var marker = body.firstMarker(from: 0) ?? body.count
        var ends = LineEnds(body, from: 0)
        while let end = ends.next(from: start) {
            let first = body[start]
            let hasMarker = marker < end
            if hasMarker || ((first == .colon || first.isBlank) && beginsWithColons(body, from: start, before: end)) {
                if start > plainStart { plain(UnsafeRawBufferPointer(rebasing: body[plainStart..<start])) }
                plainStart = start
                if end - start <= Self.maximumHeldBytes, line(UnsafeRawBufferPointer(rebasing: body[start..<end])) {
                    plainStart = afterBreak(body, end)
                    noteBreak(body, end)
                }
                if hasMarker { marker = body.firstMarker(from: end) ?? body.count }
            }
            start = afterBreak(body, end)
        }
        if plainStart < body.count { plain(UnsafeRawBufferPointer(rebasing: body[plainStart...])) }
    }

    private func afterBreak(_ bytes: UnsafeRawBufferPointer, _ end: Int) -> Int {
        let isPair = bytes[end] == .carriageReturn && end + 1 < bytes.count && bytes[end + 1] == .lineFeed
        return end + (isPair ? 2 : 1)
    }

    /// Remembers a command's CR at the very end of a piece.
    private mutating func noteBreak(_ bytes: UnsafeRawBufferPointer, _ end: Int) {
        swallowsLineFeed = bytes[end] == .carriageReturn && end + 1 == bytes.count
    }

    private func beginsWithColons(_ bytes: UnsafeRawBufferPointer, from start: Int, before end: Int) -> Bool {
        var place = start
        while place < end, bytes[place].isBlank { place += 1 }
        return place + 1 < end && bytes[place] == .colon && bytes[place + 1] == .colon
    }

    private func mayBeCommand(_ line: UnsafeRawBufferPointer) -> Bool {
        beginsWithColons(line, from: 0, before: line.count) || line.firstMarker(from: 0) != nil
    }
}

/// The ends of lines, one after another. Each byte is looked at once for either break, however they are mixed.
private struct LineEnds {
    private let bytes: UnsafeRawBufferPointer
    private var feed: Int
    private var carriageReturn: Int

    init(_ bytes: UnsafeRawBufferPointer, from start: Int) {
        self.bytes = bytes
        feed = bytes.index(of: .lineFeed, from: start, before: bytes.count) ?? bytes.count
        carriageReturn = bytes.index(of: .carriageReturn, from: start, before: bytes.count) ?? bytes.count
    }

    mutating func next(from start: Int) -> Int? {
        guard start < bytes.count else { return nil }
        if feed < start { feed = bytes.index(of: .lineFeed, from: start, before: bytes.count) ?? bytes.count }
        if carriageReturn < start {
            carriageReturn = bytes.index(of: .carriageReturn, from: start, before: bytes.count) ?? bytes.count
        }
        let end = min(feed, carriageReturn)
        return end < bytes.count ? end : nil
    }
}
