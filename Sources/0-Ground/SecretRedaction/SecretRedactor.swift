// SPDX-License-Identifier: Apache-2.0

/// Replaces secrets in a stream by `***`, wherever the writes are cut.
///
/// The rule: every byte that belongs to an occurrence of a form of a secret (see ``add(_:)``) is left out; a run of
/// such bytes, occurrences that overlap or touch included, becomes one `***`. The result does not depend on how the
/// stream is cut into chunks. What could be the beginning of a form is held back until more comes; at most 255 bytes
/// (see ``releaseIdle(into:)`` for prompts). The output never holds a secret either that the stars make up together
/// with the text beside them.
public struct SecretRedactor: Sendable {
    /// Shorter values are not looked for: they would blank out ordinary text.
    public static let minimumLength = 4
    /// The longest value that is taken, in bytes.
    public static let maximumSecretBytes = 256 * 1024
    /// The most forms of secrets that one stream looks for.
    public static let maximumForms = 200_000
    public static let replacement = "***"

    private static let stars = [UInt8](replacement.utf8)
    private static let sliceBytes = 256 * 1024

    private var index = NeedleIndex()
    /// Forms with a star in them, which the replacement could complete.
    private var starred: StarredStage?
    private var names: [String] = []
    private var known: Set<Secret> = []
    /// The end of the last match of each secret, in bytes of the stream, so that its forms count once.
    private var lastEnds: [Int] = []
    private var totals: [Int] = []

    /// Bytes held back, and how many of the first ones are already out (as stars or, after an idle release, plainly).
    private var carry: [UInt8] = []
    private var settled = 0
    private var endsInStars = false
    /// Bytes of the stream before the carry.
    private var streamOffset = 0
    private var matches: [NeedleIndex.Match] = []
    private var staging: [UInt8] = []

    /// Names of secrets that are too short to be looked for.
    public private(set) var ignoredNames: [String] = []

    public init() {}

    /// - Throws: ``RedactionError`` past a limit.
    public init(secrets: some Sequence<Secret>) throws(RedactionError) {
        for secret in secrets { try add(secret) }
    }

    /// Looks for one more secret from the next chunk on: its value, lines and trimmed value, each as it is and as
    /// base64 (three offsets, both alphabets, padded or not), URLs, JSON, XML, shells and PowerShell write it.
    ///
    /// - Throws: ``RedactionError`` past a limit; the stream must then not go on.
    public mutating func add(_ secret: Secret) throws(RedactionError) {
        guard known.insert(secret).inserted else { return }
        guard secret.value.count >= Self.minimumLength else {
            if !secret.value.isEmpty { ignoredNames.append(secret.name) }
            return
        }
        guard secret.value.count <= Self.maximumSecretBytes else {
            throw RedactionError(
                "The secret '\(secret.name)' has \(secret.value.count) bytes; "
                    + "\(Self.maximumSecretBytes) can be masked.",
                remedy: "Mask the parts of it that matter, each as a secret of its own.")
        }
        let owner = Int32(names.count)
        names.append(secret.name)
        totals.append(0)
        lastEnds.append(-1)
        let forms = SecretForms.all(of: secret.value)
        index.insert(forms, owner: owner)
        for form in forms where form.contains(UInt8(ascii: "*")) {
            if starred == nil { starred = StarredStage() }
            starred?.insert(form)
        }
        guard index.needles.count <= Self.maximumForms else {
            throw RedactionError(
                "The secrets up to '\(secret.name)' have over \(Self.maximumForms) encoded forms.",
                remedy: "Mask fewer or shorter values in one job.")
        }
    }

    /// Whether nothing is looked for, so that chunks pass as they are.
    public var isTransparent: Bool { index.isEmpty }

    /// How often each secret was replaced, by name; secrets that did not occur are left out.
    public var counts: [String: Int] {
        Dictionary(zip(names, totals).filter { $0.1 > 0 }, uniquingKeysWith: +)
    }

    // MARK: The stream

    /// Appends what is safe of `chunk` to `output`.
    public mutating func redact(_ chunk: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        chunk.withMemoryRebound(to: UInt8.self) { bytes in
            if index.isEmpty {
                output.append(contentsOf: bytes)
                streamOffset += bytes.count
                return
            }
            var rest = bytes[...]
            while !rest.isEmpty {
                let slice = UnsafeBufferPointer(rebasing: rest.prefix(Self.sliceBytes))
                rest = rest.dropFirst(Self.sliceBytes)
                stage(slice, isLast: false, into: &output)
            }
        }
    }

    public mutating func redact(_ chunk: some Sequence<UInt8>, into output: inout [UInt8]) {
        let done: Void? = chunk.withContiguousStorageIfAvailable { redact(UnsafeRawBufferPointer($0), into: &output) }
        if done == nil { Array(chunk).withUnsafeBytes { redact($0, into: &output) } }
    }

    /// Appends all that is held back: the stream, or a part of it that stands on its own, is at its end.
    public mutating func finish(into output: inout [UInt8]) {
        stage(UnsafeBufferPointer(start: nil, count: 0), isLast: true, into: &output)
        endsInStars = false
    }

    /// Shows what is held back although more may come: for a prompt, when the stream has been quiet.
    ///
    /// Rule: fewer than four held bytes are shown; four or more stay hidden until the next chunk or the end. Should the
    /// shown bytes turn out to begin a secret, the rest of it is still replaced, so that no secret is ever whole.
    public mutating func releaseIdle(into output: inout [UInt8]) {
        guard starred == nil, carry.count < Self.minimumLength, settled < carry.count else { return }
        output.append(contentsOf: carry[settled...])
        settled = carry.count
        endsInStars = false
    }

    /// Whether something is held back that ``releaseIdle(into:)`` or ``finish(into:)`` would show.
    public var isHolding: Bool { settled < carry.count || (starred?.isHolding ?? false) }

    /// Replaces the secrets in a whole text. The stream of this redactor is not touched.
    public func redactingAll(_ text: [UInt8]) -> [UInt8] {
        var copy = self
        copy.forgetStream()
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        text.withUnsafeBytes { copy.redact($0, into: &output) }
        copy.finish(into: &output)
        return output
    }

    /// Replaces the secrets in a whole text. The stream of this redactor is not touched.
    public func redactingAll(_ text: String) -> String {
        index.isEmpty ? text : String(decoding: redactingAll(Array(text.utf8)), as: UTF8.self)
    }

    /// A redactor for another stream: the same secrets, nothing held back, counts at zero.
    public func forAnotherStream() -> SecretRedactor {
        var copy = self
        copy.forgetStream()
        return copy
    }

    private mutating func forgetStream() {
        carry = []
        settled = 0
        endsInStars = false
        streamOffset = 0
        for owner in totals.indices {
            totals[owner] = 0
            lastEnds[owner] = -1
        }
        starred?.forgetStream()
    }

    // MARK: Inside

    private mutating func stage(_ bytes: UnsafeBufferPointer<UInt8>, isLast: Bool, into output: inout [UInt8]) {
        guard starred != nil else { return pass(bytes, isLast: isLast, into: &output) }
        var staged: [UInt8] = []
        swap(&staged, &staging)
        staged.removeAll(keepingCapacity: true)
        pass(bytes, isLast: isLast, into: &staged)
        starred?.pass(staged, isLast: isLast, into: &output)
        swap(&staged, &staging)
    }

    private mutating func pass(_ bytes: UnsafeBufferPointer<UInt8>, isLast: Bool, into output: inout [UInt8]) {
        guard !carry.isEmpty else {
            let held = replace(in: bytes, settled: 0, isLast: isLast, into: &output)
            carry.append(contentsOf: bytes[held...])
            return
        }
        var joined: [UInt8] = []
        swap(&joined, &carry)
        joined.append(contentsOf: bytes)
        let before = settled
        joined.withUnsafeBufferPointer { text in
            let held = replace(in: text, settled: before, isLast: isLast, into: &output)
            carry.append(contentsOf: text[held...])
        }
    }

    /// Writes all of `text` that is decided, and answers where the undecided rest begins; sets ``settled`` for it.
    private mutating func replace(
        in text: UnsafeBufferPointer<UInt8>, settled before: Int, isLast: Bool, into output: inout [UInt8]
    ) -> Int {
        matches.removeAll(keepingCapacity: true)
        index.scan(text, into: &matches)
        if matches.count > 1 { matches.sort { ($0.start, $0.end) < ($1.start, $1.end) } }
        let held = isLast ? text.count : index.pendingStart(in: text)
        var at = before
        for match in matches {
            // What stands after the held beginning is seen again with the next chunk.
            guard match.start < held else { break }
            guard match.end > at else { continue }
            count(match)
            if match.start > at {
                output.append(contentsOf: UnsafeBufferPointer(rebasing: text[at..<match.start]))
                endsInStars = false
            }
            if !endsInStars { output.append(contentsOf: Self.stars) }
            endsInStars = true
            at = match.end
        }
        if held > at {
            output.append(contentsOf: UnsafeBufferPointer(rebasing: text[at..<held]))
            endsInStars = false
            at = held
        }
        settled = at - held
        streamOffset += held
        return held
    }

    private mutating func count(_ match: NeedleIndex.Match) {
        let owner = Int(match.owner)
        if streamOffset + match.start >= lastEnds[owner] { totals[owner] += 1 }
        lastEnds[owner] = max(lastEnds[owner], streamOffset + match.end)
    }
}
