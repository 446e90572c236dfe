// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
package import HTTPMessages
internal import StructuredData
package import Timekeeping

/// What a client of a bucket needs of the world.
package struct BucketSurroundings: Sendable {
    package var environment: [String: String]
    package var transport: HTTPTransport
    package var exchange: HTTPExchange
    package var now: @Sendable () -> Timestamp = { Timestamp.now() }
    /// Waits, before something is tried again.
    package var pause: @Sendable (_ milliseconds: Int) async -> Void = { milliseconds in
        // Whoever is cancelled hears it from what comes next.
        try? await Task.sleep(for: .milliseconds(milliseconds))
    }

    package init(environment: [String: String], transport: @escaping HTTPTransport, exchange: @escaping HTTPExchange) {
        self.environment = environment
        self.transport = transport
        self.exchange = exchange
    }
}

/// A request to a bucket, before it is signed.
struct BucketRequest: Sendable {
    enum Body: Sendable {
        case bytes([UInt8])
        /// With its SHA-256.
        case part(FilePart, digest: [UInt8])
    }

    var method: String
    /// Below the bucket; `nil`: the bucket itself.
    var key: String?
    var query: [FormText.Pair] = []
    var headers: HTTPHeaders = []
    var body = Body.bytes([])
    /// As in "the store did not …".
    var what: String
    /// Codes of failures that are answers here: they come back with their status.
    var expected: Set<String> = []

    var sizeBytes: Int {
        switch body {
        case .bytes(let bytes): bytes.count
        case .part(let part, _): part.range.count
        }
    }

    var digest: [UInt8] {
        switch body {
        case .bytes(let bytes): Array(SHA256.hash(data: bytes))
        case .part(_, let digest): digest
        }
    }
}

/// Signs requests to one bucket, sends them, and tries again what may pass.
struct BucketClient: Sendable {
    let bucket: String
    let region: String
    /// `https://host[:port]` of the service.
    let endpoint: String
    let isPathStyle: Bool
    /// For people.
    let place: String
    let credentials: CredentialChain
    let surroundings: BucketSurroundings

    init(_ address: BucketAddress, _ surroundings: BucketSurroundings) throws(DiagnosticError) {
        let environment = surroundings.environment
        let variables = { (names: [String]) in names.compactMap { environment[$0] }.first { !$0.isEmpty } }
        let profiles = try SharedProfiles(profile: address.profile, environment: environment)
        region =
            address.region ?? variables(["AWS_REGION", "AWS_DEFAULT_REGION"]) ?? profiles.settings["region"]
            ?? "us-east-1"
        let named = address.endpoint ?? variables(["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])
        if let named {
            guard let origin = BucketAddress.origin(named) else {
                throw StorageAddress.invalid("'\(named.prefix(80))' in the environment is no endpoint")
            }
            endpoint = origin
        } else {
            let zone = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
            endpoint = "https://s3.\(region).\(zone)"
        }
        bucket = address.bucket
        // A certificate of all buckets does not hold for names with dots.
        isPathStyle = address.isPathStyle ?? (named != nil || address.bucket.contains("."))
        place = "s3://\(address.bucket)" + (named == nil ? "" : " at \(endpoint)")
        credentials = CredentialChain(
            environment: environment, profile: address.profile, region: region, transport: surroundings.transport,
            now: surroundings.now)
        self.surroundings = surroundings
    }

    // MARK: sending

    /// The answer of a request that was carried out; its pieces are still to be taken.
    func send(_ request: BucketRequest) async throws(DiagnosticError) -> HTTPStream {
        var attempt = 1
        while true {
            let failure: BucketFailure
            do throws(DiagnosticError) {
                let answer = try await sendOnce(request)
                if answer.isSuccess { return answer }
                let body = try await whole(answer)
                failure = BucketFailure(status: answer.status, headers: answer.headers, body: body, place: place)
            } catch {
                guard attempt < StorageLimits.attempts, error.diagnostic.code == .webUnreachable, !Task.isCancelled
                else { throw Self.named(error, request, place) }
                await pause(attempt)
                attempt += 1
                continue
            }
            if request.expected.contains(failure.isMissingObject ? "NoSuchKey" : failure.code) {
                return HTTPStream(status: failure.status, pieces: HTTPPieces { { nil } })
            }
            if failure.isOfKey { await credentials.forget() }
            guard failure.isPassing || failure.isOfKey, attempt < StorageLimits.attempts, !Task.isCancelled else {
                throw failure.error(request.what, bucket: bucket, place: place, region: region)
            }
            await pause(attempt)
            attempt += 1
        }
    }

    /// The same for requests with a short answer.
    func ask(_ request: BucketRequest) async throws(DiagnosticError) -> HTTPAnswer {
        var attempt = 1
        while true {
            let answer = try await send(request)
            do throws(DiagnosticError) {
                return HTTPAnswer(status: answer.status, headers: answer.headers, body: try await whole(answer))
            } catch {
                // The connection broke behind the head.
                guard attempt < StorageLimits.attempts, error.diagnostic.code == .webUnreachable, !Task.isCancelled
                else { throw Self.named(error, request, place) }
                await pause(attempt)
                attempt += 1
            }
        }
    }

    private func sendOnce(_ request: BucketRequest) async throws(DiagnosticError) -> HTTPStream {
        let signing = RequestSigning(key: try await credentials.key(), region: region, now: surroundings.now())
        let unsigned = unsigned(request, endpoint: endpoint)
        let headers = signing.headers(unsigned, payload: Hexadecimal.text(request.digest))
        var call = HTTPCall(request.method, unsigned.url, headers: headers)
        call.timeoutMs = (StorageLimits.headSeconds + request.sizeBytes / StorageLimits.bytesPerSecond) * 1_000
        switch request.body {
        case .bytes(let bytes):
            call.body = bytes
            // A put of nothing says so; what has no body does not.
            if bytes.isEmpty, request.method == "PUT" { call.headers["Content-Length"] = "0" }
            return try await surroundings.exchange(call, nil)
        case .part(let part, _):
            return try await surroundings.exchange(call, part.upload)
        }
    }

    /// - Parameter endpoint: of the service.
    func unsigned(_ request: BucketRequest, endpoint: String) -> UnsignedRequest {
        let key = request.key.map { UnsignedRequest.path(of: $0) } ?? ""
        var unsigned = UnsignedRequest(
            method: request.method, origin: endpoint, path: "/\(bucket)/\(key)", query: request.query,
            headers: request.headers)
        if !isPathStyle, let slashes = endpoint.firstRange(of: "://") {
            unsigned.origin = endpoint[..<slashes.upperBound] + bucket + "." + endpoint[slashes.upperBound...]
            unsigned.path = "/" + key
        }
        return unsigned
    }

    private func whole(_ answer: HTTPStream) async throws(DiagnosticError) -> [UInt8] {
        var bytes: [UInt8] = []
        for try await piece in answer.pieces {
            bytes += piece
            guard bytes.count <= StorageLimits.answerBytes else {
                throw DiagnosticError(
                    .storageAnswerUnreadable,
                    "The answer of \(place) has more than the \(StorageLimits.answerBytes) bytes that are read of it.",
                    remedy: "Check the address: perhaps something else answers there.")
            }
        }
        return bytes
    }

    /// A random time, so that those who were turned away together do not come back together.
    private func pause(_ attempt: Int) async {
        let longest = min(StorageLimits.firstPauseMs << attempt, StorageLimits.longestPauseMs)
        await surroundings.pause(Int.random(in: 1...longest))
    }

    private static func named(_ error: DiagnosticError, _ request: BucketRequest, _ place: String) -> DiagnosticError {
        guard error.diagnostic.code == .webUnreachable else { return error }
        return DiagnosticError(
            .storageUnavailable, "\(place) did not \(request.what): \(error.diagnostic.message)",
            remedy: "Check the endpoint, and that the store is up and reached from here.")
    }
}
