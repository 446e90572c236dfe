// SPDX-License-Identifier: Apache-2.0

internal import Credentials
internal import Crypto
package import Diagnostics
internal import HTTPMessages
package import Timekeeping

extension BucketStore {
    package func list(
        prefix: String, after: String?, limit: Int
    ) async throws(DiagnosticError) -> ObjectPage {
        var request = BucketRequest(method: "GET", what: "list what is below '\(prefix)'")
        request.query = [
            .init("list-type", "2"), .init("prefix", address.prefix + prefix),
            .init("max-keys", String(min(max(1, limit), StorageLimits.pageObjects))),
        ]
        if let after { request.query.append(.init("continuation-token", after)) }
        let root = try AnswerReading.read(try await client.ask(request).body, from: place)
        guard root.name == "ListBucketResult" else { throw unreadable("it is no listing") }
        var page = ObjectPage(objects: [])
        for item in root.all("Contents") {
            guard let key = item.text("Key"), let size = item.text("Size").flatMap({ UInt64($0) }),
                let modified = item.text("LastModified").flatMap({ Timestamp(iso8601: $0) })
            else { throw unreadable("an object has no key, size or time") }
            // What others put there, as folders that web consoles make, is not ours.
            guard key.utf8.starts(with: address.prefix.utf8),
                let known = try? ObjectKey(
                    String(decoding: key.utf8.dropFirst(address.prefix.utf8.count), as: UTF8.self))
            else { continue }
            page.objects.append(ObjectFacts(key: known, sizeBytes: size, modified: modified))
        }
        if root.text("IsTruncated") == "true" {
            guard let next = root.text("NextContinuationToken"), !next.isEmpty, next != after else {
                throw unreadable("it says that there is more, and not where")
            }
            page.next = next
        }
        return page
    }

    func unreadable(_ reason: String) -> DiagnosticError {
        DiagnosticError(
            .storageAnswerUnreadable, "The answer of \(place) cannot be understood: \(reason).",
            remedy: "Check the address: perhaps something else answers there, or a proxy on the way.")
    }

    package func remove(_ keys: [ObjectKey]) async throws(DiagnosticError) {
        if keys.count == 1 {
            _ = try await client.ask(
                BucketRequest(
                    method: "DELETE", key: path(keys[0]), what: "remove '\(keys[0])'", expected: ["NoSuchKey"]))
            return
        }
        var rest = keys[...]
        while !rest.isEmpty {
            try await removeSome(Array(rest.prefix(StorageLimits.pageObjects)))
            rest = rest.dropFirst(StorageLimits.pageObjects)
        }
    }

    private func removeSome(_ keys: [ObjectKey]) async throws(DiagnosticError) {
        let items = keys.map { "<Object><Key>\(AnswerWriting.escaped(path($0)))</Key></Object>" }.joined()
        let body = Array(
            "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>\(items)</Delete>".utf8)
        var request = BucketRequest(
            method: "POST", query: [.init("delete", "")], body: .bytes(body), what: "remove \(keys.count) objects")
        // All services want a digest here, and some know only this one.
        request.headers["Content-MD5"] = Base64Text.text(
            Array(Insecure.MD5.hash(data: body)), .standard, isPadded: true)
        request.headers["Content-Type"] = "application/xml"
        let answer = try await client.ask(request)
        guard !answer.body.isEmpty else { return }
        let root = try AnswerReading.read(answer.body, from: place)
        guard let error = root.all("Error").first(where: { $0.text("Code") != "NoSuchKey" }) else { return }
        let words = "\(error.text("Code") ?? ""): \(error.text("Message") ?? "")"
        throw DiagnosticError(
            .storageAccessRefused, "\(place) did not remove '\(error.text("Key") ?? "")': \(words).",
            remedy: "Check that the keys may remove what is below the prefix.")
    }

    package func sweepUploads(begunBefore time: Timestamp) async throws(DiagnosticError) -> Int {
        var count = 0
        var markers: [FormText.Pair] = []
        repeat {
            let request = BucketRequest(
                method: "GET",
                query: [.init("uploads", ""), .init("prefix", address.prefix)] + markers, what: "list uploads")
            let root = try AnswerReading.read(try await client.ask(request).body, from: place)
            for item in root.all("Upload") {
                guard let key = item.text("Key"), let id = item.text("UploadId"),
                    let begun = item.text("Initiated").flatMap({ Timestamp(iso8601: $0) }),
                    key.utf8.starts(with: address.prefix.utf8), begun < time
                else { continue }
                try await abort(id, path: key)
                count += 1
            }
            markers = []
            if root.text("IsTruncated") == "true", let key = root.text("NextKeyMarker"), !key.isEmpty {
                markers = [.init("key-marker", key), .init("upload-id-marker", root.text("NextUploadIdMarker") ?? "")]
            }
        } while !markers.isEmpty
        return count
    }
}
