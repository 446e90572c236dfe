// SPDX-License-Identifier: Apache-2.0

internal import NIOHTTP1

/// Signed addresses of bytes, in the manner of Azure's block blobs: what the toolkit's storage client speaks.
/// https://learn.microsoft.com/rest/api/storageservices/put-block-list
struct BlobRoutes: Sendable {
    let desk: ServiceDesk

    /// - Parameter segments: those after `blobs`.
    func handling(_ request: ServiceRequest, _ segments: ArraySlice<Substring>) throws(Refusal) -> Handling {
        let rest = Array(segments)
        switch (request.method, rest.first, rest.count) {
        case (.PUT, "upload", 2):
            try admit(request, .upload)
            guard let upload = desk.upload(named: rest[1]) else {
                throw Refusal(.notFound, "The upload is finished, or was dropped.")
            }
            return try receive(request, upload)
        case (.GET, "download", 5), (.HEAD, "download", 5):
            try admit(request, .download)
            guard let size = UInt64(rest[2]) else { throw Refusal(.badRoute, "This is no blob.") }
            return .reply(
                try send(request, StoredBlob(name: String(rest[1]), sizeBytes: size, digest: String(rest[3]))))
        default:
            throw Refusal(.badRoute, "There is nothing at \(request.path) for \(request.method.rawValue).")
        }
    }

    private func admit(_ request: ServiceRequest, _ purpose: TokenSigner.Purpose) throws(Refusal) {
        switch desk.signer.check(request.query, path: request.path, purpose: purpose, now: desk.options.now()) {
        case .good: return
        case .expired: throw Refusal(.permissionDenied, "The address has expired.")
        case .forged: throw Refusal(.permissionDenied, "The address is not signed for this.")
        }
    }

    // MARK: uploading

    private func receive(_ request: ServiceRequest, _ upload: OpenUpload) throws(Refusal) -> Handling {
        let receipt = BlockReceipt(desk: desk)
        switch request.query["comp"] {
        case "block":
            guard let id = request.query["blockid"], !id.isEmpty, id.utf8.count <= 128 else {
                throw Refusal(.invalidArgument, "A block needs an id of 1 to 128 characters.")
            }
            return try receipt.handling(upload, named: id) { _ in Self.created(nil) }
        case "blocklist":
            return .message { [desk] body throws(Refusal) in
                let blocks = try BlockList.read(body)
                let current = desk.upload(named: upload.name) ?? upload
                if current.blob == nil, let missing = blocks.first(where: { current.blocks[$0] == nil }) {
                    throw Refusal(.invalidArgument, "The block '\(missing)' of the list was not uploaded.")
                }
                return Self.created(try desk.commit(upload.name, blocks: blocks))
            }
        case nil:
            return try receipt.handling(upload, named: "") { [desk] updated throws(Refusal) in
                Self.created(try desk.commit(updated.name, blocks: [""]))
            }
        case let other?: throw Refusal(.invalidArgument, "There is no operation '\(other)'.")
        }
    }

    private static func created(_ blob: StoredBlob?) -> Reply {
        var reply = Reply.empty(.created)
        reply.headers.add(name: "x-ms-version", value: "2021-12-02")
        reply.headers.add(name: "x-ms-request-server-encrypted", value: "false")
        if let blob { reply.headers.add(name: "etag", value: "\"\(blob.digest)\"") }
        return reply
    }

    // MARK: downloading

    private func send(_ request: ServiceRequest, _ blob: StoredBlob) throws(Refusal) -> Reply {
        var reply = Reply(status: .ok)
        reply.headers.add(name: "content-type", value: Self.mediaType(request.query["rsct"]))
        reply.headers.add(name: "accept-ranges", value: "bytes")
        reply.headers.add(name: "etag", value: "\"\(blob.digest)\"")
        reply.headers.add(name: "x-ms-blob-type", value: "BlockBlob")
        var start: UInt64 = 0
        var count = blob.sizeBytes
        if let text = request.header("x-ms-range") ?? request.header("range") {
            guard let range = Self.span(text, of: blob.sizeBytes) else {
                throw Refusal(.rangeNotSatisfiable, "The blob has \(blob.sizeBytes) bytes; '\(text)' is not in it.")
            }
            (start, count) = range
            reply.status = .partialContent
            let end = start + count - 1
            reply.headers.add(name: "content-range", value: "bytes \(start)-\(end)/\(blob.sizeBytes)")
        }
        reply.content = .blob(blob, start: start, count: count)
        return reply
    }

    /// One range: `bytes=0-99`, `bytes=100-` or `bytes=-100`.
    static func span(_ text: String, of size: UInt64) -> (UInt64, UInt64)? {
        guard text.hasPrefix("bytes="), size > 0 else { return nil }
        let ends = text.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2 else { return nil }
        if ends[0].isEmpty {
            guard let suffix = UInt64(ends[1]), suffix > 0 else { return nil }
            let count = min(suffix, size)
            return (size - count, count)
        }
        guard let first = UInt64(ends[0]), first < size else { return nil }
        guard !ends[1].isEmpty else { return (first, size - first) }
        guard let last = UInt64(ends[1]), last >= first else { return nil }
        return (first, min(last, size - 1) - first + 1)
    }

    /// It comes back from the client: nothing but the letters of a media type goes into a header.
    private static func mediaType(_ text: String?) -> String {
        let extra = Set("/+-.;= ".utf8)
        let isProper = text?.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || extra.contains($0)
        }
        guard let text, isProper == true, !text.isEmpty else { return "application/octet-stream" }
        return text
    }
}

/// The body that puts blocks together: `<BlockList><Latest>ID</Latest>…</BlockList>`. The ids are Base64, so that no
/// entity has to be read; what is not of this form is refused.
enum BlockList {
    static func read(_ body: [UInt8]) throws(Refusal) -> [String] {
        let text = String(decoding: body, as: UTF8.self)
        var names: [String] = []
        var isOpen = false
        var isClosed = false
        var rest = text[...]
        while let start = rest.firstIndex(of: "<"), let end = rest[start...].firstIndex(of: ">") {
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            switch tag {
            case "BlockList" where !isOpen: isOpen = true
            case "BlockList/" where !isOpen, "/BlockList" where isOpen:
                isOpen = true
                isClosed = true
            case "Latest" where isOpen && !isClosed, "Uncommitted" where isOpen && !isClosed:
                guard let close = rest.firstIndex(of: "<"), rest[close...].hasPrefix("</\(tag)>") else {
                    throw malformed
                }
                names.append(String(rest[..<close]))
                rest = rest[close...].dropFirst(tag.count + 3)
            case _ where tag.hasPrefix("?xml") && !isOpen: continue
            default: throw malformed
            }
        }
        guard isClosed, !rest.contains("<") else { throw malformed }
        return names
    }

    private static let malformed = Refusal(.malformed, "The body is no list of blocks.")
}
