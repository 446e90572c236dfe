// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import StructuredData
internal import Timekeeping

/// Signs and checks what this process alone gives out: job tokens and addresses of blobs. The key lives and dies with it.
struct TokenSigner: Sendable {
    private let key = SymmetricKey(size: .bits256)

    // MARK: job tokens

    /// A JWT whose `scp` is what the toolkit reads the run's and the job's names from.
    func jobToken(runBackendID: String, jobBackendID: String, until: Timestamp) -> String {
        let scope = "Actions.GenericRead:\(runBackendID) Actions.Results:\(runBackendID):\(jobBackendID)"
        let payload: DataValue = [
            "iss": "martlet", "sub": .string(jobBackendID), "scp": .string(scope),
            "exp": .number(Double(until.milliseconds / 1000)),
        ]
        let head: DataValue = ["alg": "HS256", "typ": "JWT"]
        let text = [head, payload].map { Base64URL.text(Array($0.jsonText().utf8)) }.joined(separator: ".")
        return text + "." + Base64URL.text(Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)))
    }

    /// The job's backend name of a token of ours that is still good.
    func jobBackendID(ofToken token: some StringProtocol, now: Timestamp) -> String? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let code = Base64URL.bytes(parts[2]), let payload = Base64URL.bytes(parts[1]),
            HMAC<SHA256>.isValidAuthenticationCode(
                code, authenticating: Array("\(parts[0]).\(parts[1])".utf8), using: key),
            let data = try? DataValue(json: payload), let job = data["sub"]?.string, let until = data["exp"]?.int,
            now.milliseconds / 1000 < until
        else { return nil }
        return job
    }

    // MARK: addresses

    enum Purpose: String, Sendable {
        /// PUT of blocks and lists of them.
        case upload = "w"
        /// GET and HEAD.
        case download = "r"
    }

    /// The query that makes an address good for one path and purpose.
    func query(path: String, purpose: Purpose, until: Timestamp) -> String {
        let end = String(until.milliseconds / 1000)
        return "se=\(end)&sp=\(purpose.rawValue)&sig=" + Base64URL.text(code(path, purpose, end))
    }

    enum Verdict: Sendable {
        case good
        case expired
        case forged
    }

    func check(_ query: [String: String], path: String, purpose: Purpose, now: Timestamp) -> Verdict {
        guard let end = query["se"], let seconds = Int64(end), query["sp"] == purpose.rawValue,
            let signature = query["sig"].flatMap({ Base64URL.bytes($0) }),
            HMAC<SHA256>.isValidAuthenticationCode(
                signature, authenticating: Self.signed(path, purpose, end), using: key)
        else { return .forged }
        return now.milliseconds / 1000 < seconds ? .good : .expired
    }

    private func code(_ path: String, _ purpose: Purpose, _ end: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Self.signed(path, purpose, end), using: key))
    }

    private static func signed(_ path: String, _ purpose: Purpose, _ end: String) -> [UInt8] {
        Array("blob\n\(purpose.rawValue)\n\(end)\n\(path)".utf8)
    }

    /// A stable name in the form of a UUID: names of runs and jobs may have characters that a token's scope cannot.
    static func backendID(_ text: String) -> String {
        let digits = Array(Hexadecimal.text(SHA256.hash(data: Array(text.utf8)).prefix(16)))
        let bounds = [0, 8, 12, 16, 20, 32]
        return zip(bounds, bounds.dropFirst()).map { String(digits[$0..<$1]) }.joined(separator: "-")
    }
}
