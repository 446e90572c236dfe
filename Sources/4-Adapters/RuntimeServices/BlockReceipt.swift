// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import StructuredData

/// How a request is served once its head is read.
enum Handling {
    case reply(Reply)
    /// The body is read as a whole, up to the limit of messages; the answer is made on the thread for files.
    case message(@Sendable ([UInt8]) throws(Refusal) -> Reply)
    /// The body is streamed to a block; then the answer is made on the thread for files.
    case block(BlockTarget)
}

/// Where a streamed body goes.
struct BlockTarget {
    var writer: any BlockWriter
    /// More are refused.
    var maximumBytes: UInt64
    /// Any other number is refused.
    var expectedBytes: UInt64?
    /// Gets the number of bytes. The block counts by then.
    var answer: @Sendable (UInt64) throws(Refusal) -> Reply
}

/// Takes blocks in: those with a name, and those with a place.
struct BlockReceipt: Sendable {
    let desk: ServiceDesk

    /// A block with the client's name.
    func handling(
        _ upload: OpenUpload, named name: String, expectedBytes: UInt64? = nil,
        answer: @escaping @Sendable (OpenUpload) throws(Refusal) -> Reply
    ) throws(Refusal) -> Handling {
        guard upload.blob == nil else { throw Refusal(.failedPrecondition, "The upload is finished.") }
        guard upload.blocks[name] != nil || upload.blocks.count < desk.limits.blockCount else {
            throw Refusal(.tooLarge, "An upload has at most \(desk.limits.blockCount) blocks.")
        }
        let present = upload.sizeBytes - (upload.blocks[name] ?? 0)
        let room = desk.limits.entryBytes - min(present, desk.limits.entryBytes)
        let writer = try desk.perform { () throws(DiagnosticError) in
            try desk.options.shelf.openBlock(name, of: upload.name)
        }
        let target = BlockTarget(writer: writer, maximumBytes: room, expectedBytes: expectedBytes) {
            [desk] count throws(Refusal) in
            guard let updated = desk.note(block: name, sizeBytes: count, of: upload.name) else {
                throw Refusal(.notFound, "The upload was dropped.")
            }
            // Blocks that arrived side by side can pass the limit together.
            guard updated.sizeBytes <= desk.limits.entryBytes else {
                desk.drop(upload.name)
                throw Refusal(.tooLarge, "A cache or an artifact has at most \(desk.limits.entryBytes) bytes.")
            }
            return try answer(updated)
        }
        return .block(target)
    }

    /// A block that is named by where it begins.
    func handling(
        _ upload: OpenUpload, at range: ContentRange,
        answer: @escaping @Sendable (OpenUpload) throws(Refusal) -> Reply
    ) throws(Refusal) -> Handling {
        try handling(upload, named: Self.name(range.start), expectedBytes: range.count, answer: answer)
    }

    /// The names of blocks that stand without a gap from the beginning to the end.
    func wholeList(of upload: OpenUpload, sizeBytes: Int?) throws(Refusal) -> [String] {
        let blocks = upload.blocks.sorted { $0.key < $1.key }
        var end: UInt64 = 0
        for (name, count) in blocks {
            guard name == Self.name(end) else {
                throw Refusal(.invalidArgument, "The upload has a gap or an overlap at byte \(end).")
            }
            end += count
        }
        guard sizeBytes == nil || sizeBytes == Int(end) else {
            throw Refusal(.invalidArgument, "\(end) bytes were uploaded and not \(sizeBytes ?? 0).")
        }
        return blocks.map(\.key)
    }

    /// Sorted as text they are sorted by place.
    private static func name(_ offset: UInt64) -> String {
        let digits = String(offset)
        return String(repeating: "0", count: 20 - digits.utf8.count) + digits
    }
}

/// Bodies of requests as data.
enum Message {
    static func read(_ body: [UInt8]) throws(Refusal) -> DataValue {
        do {
            return try DataValue(json: body)
        } catch {
            throw Refusal(.malformed, "The body is not JSON: \(error).")
        }
    }
}
