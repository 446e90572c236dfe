// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A request to another service, as a value. Who sends it is given as an ``HTTPTransport``, so that what is said can be
/// tested without a network.
package struct HTTPCall: Hashable, Sendable {
    /// `GET`, `POST`, …
    package var method: String
    /// Absolute, `http` or `https`.
    package var url: String
    package var headers: HTTPHeaders
    package var body: [UInt8]
    /// From the first byte that is sent to the last one that is received, in milliseconds.
    package var timeoutMs: Int
    /// A longer answer is an error.
    package var answerLimitBytes: Int

    package static let standardTimeoutMs = 10_000
    package static let standardAnswerLimitBytes = 4 << 20

    package init(
        _ method: String, _ url: String, headers: HTTPHeaders = [], body: [UInt8] = [],
        timeoutMs: Int = standardTimeoutMs, answerLimitBytes: Int = standardAnswerLimitBytes
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeoutMs = timeoutMs
        self.answerLimitBytes = answerLimitBytes
    }
}

package struct HTTPAnswer: Hashable, Sendable {
    package var status: Int
    package var headers: HTTPHeaders
    package var body: [UInt8]

    package init(status: Int, headers: HTTPHeaders = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// 200 … 299.
    package var isSuccess: Bool { (200...299).contains(status) }
}

/// Sends a call, and gives the answer whatever its status is. Throws where there was none: no address, no connection, no time left, an answer
/// over the limit.
package typealias HTTPTransport = @Sendable (HTTPCall) async throws(DiagnosticError) -> HTTPAnswer
