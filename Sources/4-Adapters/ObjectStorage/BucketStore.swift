// SPDX-License-Identifier: Apache-2.0

internal import Credentials
internal import Crypto
package import Diagnostics
internal import FileAccess
package import HTTPMessages
internal import StructuredData
package import Timekeeping

/// Objects in a bucket of an S3 service.
///
/// Source: Amazon S3 API Reference.
package struct BucketStore: ObjectStore {
    let client: BucketClient
    let address: BucketAddress

    package var place: String { client.place }

    /// - Throws: where the address, the environment or the profile says nothing that can be used.
    package init(_ address: BucketAddress, _ surroundings: BucketSurroundings) throws(DiagnosticError) {
        self.address = address
        client = try BucketClient(address, surroundings)
    }

    func path(_ key: ObjectKey) -> String { address.prefix + key.text }

    /// How the bytes are to be kept at rest.
    var encryptionHeaders: HTTPHeaders {
        switch address.encryption {
        case nil: []
        case .storeKey?: [("x-amz-server-side-encryption", "AES256")]
        case .keyService(let keyID)?:
            HTTPHeaders(
                [.init("x-amz-server-side-encryption", "aws:kms")]
                    + (keyID.map { [.init("x-amz-server-side-encryption-aws-kms-key-id", $0)] } ?? []))
        }
    }

    static func checksum(_ digest: [UInt8]) -> (String, String) {
        ("x-amz-checksum-sha256", base64(digest))
    }

    private static func base64(_ bytes: [UInt8]) -> String { Base64Text.text(bytes, .standard, isPadded: true) }

    // MARK: putting

    package func put(_ bytes: [UInt8], at key: ObjectKey) async throws(DiagnosticError) {
        var request = BucketRequest(
            method: "PUT", key: path(key), headers: encryptionHeaders, body: .bytes(bytes), what: "put '\(key)'")
        let (name, value) = Self.checksum(request.digest)
        request.headers.add(name, value)
        _ = try await client.ask(request)
    }

    package func putFile(_ path: String, at key: ObjectKey) async throws(DiagnosticError) {
        guard let facts = Files.facts(path), facts.kind == .file else {
            throw DiagnosticError(.fileUnreadable, "There is no file \(path).")
        }
        let size = Int(facts.sizeBytes)
        if size > StorageLimits.smallestPartBytes { return try await putParts(path, size, at: key) }
        let part = FilePart(path: path, range: 0..<size)
        let digest = try await part.digest()
        var request = BucketRequest(
            method: "PUT", key: self.path(key), headers: encryptionHeaders,
            body: size == 0 ? .bytes([]) : .part(part, digest: digest), what: "put '\(key)'")
        let (name, value) = Self.checksum(digest)
        request.headers.add(name, value)
        _ = try await client.ask(request)
    }

    // MARK: reading

    package func open(_ key: ObjectKey, range: Range<UInt64>?) async throws(DiagnosticError) -> ObjectContent {
        if let range, range.isEmpty { return ObjectContent(sizeBytes: 0, pieces: HTTPPieces { { nil } }) }
        var request = BucketRequest(method: "GET", key: path(key), what: "read '\(key)'")
        if let range {
            request.headers["Range"] = "bytes=\(range.lowerBound)-\(range.upperBound - 1)"
        } else {
            request.headers["x-amz-checksum-mode"] = "ENABLED"
        }
        request.expected = ["InvalidRange"]
        let answer = try await client.send(request)
        // What is behind the end is not there.
        guard answer.isSuccess else { return ObjectContent(sizeBytes: 0, pieces: answer.pieces) }
        guard let size = answer.headers["Content-Length"].flatMap({ UInt64($0) }) else {
            throw DiagnosticError(
                .storageAnswerUnreadable, "\(place) does not say how long '\(key)' is.",
                remedy: "Check the address: perhaps a proxy on the way changes answers.")
        }
        if let range, answer.status != 206, size > UInt64(range.count) {
            throw DiagnosticError(
                .storageAnswerUnreadable, "\(place) gives all of '\(key)' where a part was asked for.",
                remedy: "Use a service, or a proxy, that knows the header Range.")
        }
        return ObjectContent(sizeBytes: size, pieces: checked(answer, size, isWhole: range == nil, key))
    }

    /// Pieces that end with an error where they are not what was put.
    private func checked(_ answer: HTTPStream, _ size: UInt64, isWhole: Bool, _ key: ObjectKey) -> HTTPPieces {
        // Of an object of parts it is a digest of digests, which says so by a dash.
        let said = isWhole ? answer.headers["x-amz-checksum-sha256"].flatMap { $0.contains("-") ? nil : $0 } : nil
        let place = place
        return HTTPPieces {
            var iterator = answer.pieces.makeAsyncIterator()
            var hash = SHA256()
            var count: UInt64 = 0
            return { () async throws(DiagnosticError) in
                let piece: [UInt8]?
                do throws(DiagnosticError) {
                    piece = try await iterator.next()
                } catch {
                    throw DiagnosticError(
                        .storageUnavailable, "Reading '\(key)' broke off: \(error.diagnostic.message)",
                        remedy: "Try again; if this repeats, see to the store and the network.")
                }
                if let piece {
                    count += UInt64(piece.count)
                    if said != nil { hash.update(data: piece) }
                    return piece
                }
                let isSound = count == size && said.map { $0 == Self.base64(Array(hash.finalize())) } ?? true
                guard isSound else {
                    throw DiagnosticError(
                        .objectDamaged, "'\(key)' came from \(place) with other bytes than were put.",
                        remedy: "Try again; if this repeats the object is damaged: restore it from a copy.")
                }
                return nil
            }
        }
    }

    package func facts(of key: ObjectKey) async throws(DiagnosticError) -> ObjectFacts? {
        var request = BucketRequest(method: "HEAD", key: path(key), what: "look at '\(key)'", expected: ["NoSuchKey"])
        request.headers["x-amz-checksum-mode"] = "ENABLED"
        let answer = try await client.ask(request)
        guard answer.isSuccess else { return nil }
        let size = answer.headers["Content-Length"].flatMap { UInt64($0) }
        let modified = answer.headers["Last-Modified"].flatMap(Self.time)
        guard let size, let modified else {
            throw DiagnosticError(
                .storageAnswerUnreadable, "\(place) does not say how long '\(key)' is, or since when it is there.",
                remedy: "Check the address: perhaps a proxy on the way changes answers.")
        }
        var facts = ObjectFacts(key: key, sizeBytes: size, modified: modified)
        // Of an object of parts it is a digest of digests, which says so by a dash.
        if let said = answer.headers["x-amz-checksum-sha256"], !said.contains("-"),
            let digest = Base64Text.bytes(said, .standard), digest.count == SHA256.byteCount
        {
            facts.sha256 = Hexadecimal.text(digest)
        }
        return facts
    }

    /// `Wed, 12 Oct 2009 17:50:00 GMT`
    static func time(_ text: String) -> Timestamp? {
        let words = text.split(separator: " ")
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard words.count >= 5, let month = months.firstIndex(of: String(words[2])) else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return Timestamp(iso8601: "\(words[3])-\(number)-\(words[1])T\(words[4])Z")
    }

    /// A bucket that is there and ours is fine.
    package func makeBucket() async throws(DiagnosticError) {
        var request = BucketRequest(method: "PUT", what: "make the bucket '\(address.bucket)'")
        request.expected = ["BucketAlreadyOwnedByYou"]
        _ = try await client.ask(request)
    }
}
