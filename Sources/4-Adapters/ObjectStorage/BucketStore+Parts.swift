// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPMessages

/// Files that go up in parts.
extension BucketStore {
    private struct Part: Sendable {
        var number: Int
        var tag: String
        var checksum: String
    }

    /// What the parts of a file of that size have.
    static func partBytes(of size: Int) -> Int {
        let needed = (size + StorageLimits.parts - 1) / StorageLimits.parts
        return max(StorageLimits.smallestPartBytes, needed)
    }

    func putParts(_ file: String, _ size: Int, at key: ObjectKey) async throws(DiagnosticError) {
        let partBytes = Self.partBytes(of: size)
        guard partBytes <= StorageLimits.largestPartBytes else {
            throw DiagnosticError(
                .objectLimit,
                "\(file) has \(size) bytes: more than \(StorageLimits.parts) parts of "
                    + "\(StorageLimits.largestPartBytes) bytes.", remedy: "Put less into one artifact.")
        }
        let id = try await begin(key)
        do throws(DiagnosticError) {
            let parts = stride(from: 0, to: size, by: partBytes).map {
                FilePart(path: file, range: $0..<min($0 + partBytes, size))
            }
            let sent = try await send(parts, id, key)
            try await complete(sent, id, key, size)
        } catch {
            // Also for whoever was cancelled: what is sent by a task of its own is not cut off with it.
            await Task { () async in try? await abort(id, path: path(key)) }.value
            throw error
        }
    }

    private func begin(_ key: ObjectKey) async throws(DiagnosticError) -> String {
        var request = BucketRequest(
            method: "POST", key: path(key), query: [.init("uploads", "")], headers: encryptionHeaders,
            what: "begin the upload of '\(key)'")
        request.headers["x-amz-checksum-algorithm"] = "SHA256"
        let root = try AnswerReading.read(try await client.ask(request).body, from: place)
        guard let id = root.text("UploadId"), !id.isEmpty else { throw unreadable("the upload has no name") }
        return id
    }

    /// Some at once, in order.
    private func send(_ parts: [FilePart], _ id: String, _ key: ObjectKey) async throws(DiagnosticError) -> [Part] {
        let all: Result<[Part], DiagnosticError> = await withTaskGroup(of: Result<Part, DiagnosticError>.self) {
            group in
            var sent: [Part] = []
            var failure: DiagnosticError?
            var next = 0
            let add = { (group: inout TaskGroup<Result<Part, DiagnosticError>>) in
                guard next < parts.count else { return }
                let (number, part) = (next + 1, parts[next])
                next += 1
                group.addTask {
                    do throws(DiagnosticError) {
                        return .success(try await send(part, number, id, key))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            for _ in 0..<StorageLimits.partsAtOnce { add(&group) }
            while let result = await group.next() {
                switch result {
                case .success(let part):
                    sent.append(part)
                    if failure == nil { add(&group) }
                case .failure(let error):
                    if failure == nil { failure = error }
                    group.cancelAll()
                }
            }
            return failure.map { .failure($0) } ?? .success(sent.sorted { $0.number < $1.number })
        }
        return try all.get()
    }

    private func send(
        _ part: FilePart, _ number: Int, _ id: String, _ key: ObjectKey
    ) async throws(DiagnosticError) -> Part {
        let digest = try await part.digest()
        let (name, value) = Self.checksum(digest)
        let request = BucketRequest(
            method: "PUT", key: path(key),
            query: [.init("partNumber", String(number)), .init("uploadId", id)], headers: [(name, value)],
            body: .part(part, digest: digest), what: "put part \(number) of '\(key)'")
        let answer = try await client.ask(request)
        guard let tag = answer.headers["ETag"] else { throw unreadable("a part has no tag") }
        return Part(number: number, tag: tag, checksum: answer.headers[name] ?? "")
    }

    private func complete(_ parts: [Part], _ id: String, _ key: ObjectKey, _ size: Int) async throws(DiagnosticError) {
        let items = parts.map { part in
            // Only services that keep checksums are told of them again.
            let checksum = part.checksum.isEmpty ? "" : "<ChecksumSHA256>\(part.checksum)</ChecksumSHA256>"
            return "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(AnswerWriting.escaped(part.tag))</ETag>"
                + "\(checksum)</Part>"
        }.joined()
        let body =
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(items)"
            + "</CompleteMultipartUpload>"
        var request = BucketRequest(
            method: "POST", key: path(key), query: [.init("uploadId", id)], body: .bytes(Array(body.utf8)),
            what: "complete the upload of '\(key)'")
        request.headers["Content-Type"] = "application/xml"
        request.expected = ["NoSuchUpload"]
        let answer = try await client.ask(request)
        if !answer.isSuccess {
            // It was done although the answer was lost, and then asked for again: the upload's name is gone.
            guard try await facts(of: key)?.sizeBytes != UInt64(size) else { return }
            throw unreadable("the upload of '\(key)' is gone, and not completed")
        }
        // Its head may say that all is well before it is: what became of it is in the body.
        if !answer.body.isEmpty, try AnswerReading.read(answer.body, from: place).name == "Error" {
            throw BucketFailure(status: 500, headers: answer.headers, body: answer.body, place: place)
                .error(request.what, bucket: client.bucket, place: place, region: client.region)
        }
    }

    func abort(_ id: String, path: String) async throws(DiagnosticError) {
        var request = BucketRequest(
            method: "DELETE", key: path, query: [.init("uploadId", id)], what: "abort the upload of '\(path)'")
        request.expected = ["NoSuchUpload", "NoSuchKey"]
        _ = try await client.ask(request)
    }
}
