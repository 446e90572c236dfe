// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPMessages

/// What an S3 service said instead of doing it.
struct BucketFailure: Sendable {
    var status: Int
    /// `NoSuchKey`, `SlowDown`, …; empty where it said nothing.
    var code = ""
    var message = ""
    /// Where it says that the bucket is elsewhere.
    var region: String?

    /// - Parameter body: an `Error` element, or nothing.
    init(status: Int, headers: HTTPHeaders, body: [UInt8], place: String) {
        self.status = status
        region = headers["x-amz-bucket-region"]
        guard !body.isEmpty, let root = try? AnswerReading.read(body, from: place), root.name == "Error" else { return }
        code = root.text("Code") ?? ""
        message = root.text("Message") ?? ""
        region = root.text("Region") ?? region
    }

    /// Whether the same may come out otherwise a moment later.
    var isPassing: Bool {
        if Self.full.contains(code) || status == 507 || isOutOfSpace { return false }
        return [429, 500, 502, 503, 504].contains(status)
            || ["SlowDown", "RequestTimeout", "ServiceUnavailable", "InternalError", "OperationAborted"].contains(code)
    }

    var isMissingObject: Bool { code == "NoSuchKey" || (status == 404 && code.isEmpty) }
    /// Keys that held for a while, and do no more.
    var isOfKey: Bool { ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"].contains(code) }
    private var isOutOfSpace: Bool {
        status == 500
            && ["no space left", "no free volume", "disk full"].contains(where: message.lowercased().contains)
    }

    private static let full: Set = [
        "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded",
        "InsufficientCapacity",
    ]
    private static let identity: Set = [
        "InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "ExpiredToken", "InvalidToken",
        "AllAccessDisabled", "AccountProblem", "NotSignedUp", "InvalidSecurity", "TokenRefreshRequired",
    ]

    /// - Parameters:
    ///   - what: what was to be done, as in "put 'runs/1/1/logs.zip'".
    ///   - address: of the bucket.
    func error(_ what: String, bucket: String, place: String, region sent: String) -> DiagnosticError {
        let words = [code, message].filter { !$0.isEmpty }.joined(separator: ": ")
        let said = words.isEmpty ? "status \(status)" : "\(words.prefix(400)) (status \(status))"
        let sentence = "\(place) did not \(what): \(said)."
        if code == "NoSuchBucket" {
            return DiagnosticError(
                .storageBucketMissing, "There is no bucket '\(bucket)' at \(place).",
                remedy: "Make it, or name another in the address.")
        }
        if let region, region != sent, [301, 307, 400, 403].contains(status) {
            return DiagnosticError(
                .storageRegionWrong, "The bucket '\(bucket)' is in the region '\(region)', not in '\(sent)'.",
                remedy: "Put region=\(region) into the address of the object storage.")
        }
        if [301, 302, 307, 308].contains(status) || code == "PermanentRedirect" {
            return DiagnosticError(
                .storageRegionWrong, "\(sentence) It sends elsewhere.",
                remedy: "Put the bucket's region and endpoint into the address of the object storage.")
        }
        if Self.full.contains(code) || status == 507 || isOutOfSpace {
            return DiagnosticError(.storageFull, sentence, remedy: "Make room in the store, or raise its quota.")
        }
        if code == "RequestTimeTooSkewed" {
            return DiagnosticError(
                .storageClock, sentence, remedy: "Set this machine's clock; requests hold for 15 minutes.")
        }
        if Self.identity.contains(code) || [401, 403].contains(status) {
            return DiagnosticError(
                .storageAccessRefused, sentence,
                remedy: "Check the keys, and that they may read, write, list and remove what is below the prefix.")
        }
        if isMissingObject {
            return DiagnosticError(.objectMissing, sentence, remedy: "It was removed, or never put.")
        }
        if ["BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest", "XAmzContentChecksumMismatch"].contains(code) {
            return DiagnosticError(
                .objectDamaged, sentence, remedy: "The bytes changed on their way: look at proxies, memory and network."
            )
        }
        if code == "EntityTooLarge" { return DiagnosticError(.objectLimit, sentence) }
        if isPassing {
            return DiagnosticError(
                .storageUnavailable, sentence, remedy: "See to the store; it was asked \(StorageLimits.attempts) times."
            )
        }
        return DiagnosticError(.storageRefused, sentence, remedy: "See what the store's own logs say.")
    }
}
