// SPDX-License-Identifier: Apache-2.0

package import HTTPMessages

/// What a request is answered.
package struct OutboundAnswer: Sendable {
    package enum Content: Sendable {
        case none
        case bytes([UInt8])
        /// Written while it is made; its end is the answer's.
        case stream(@Sendable (AnswerWriter) async throws -> Void)
        /// Told while they happen: as server-sent events, or by WebSocket where the request asks for one. Its end is the
        /// answer's.
        case events(LiveEvents)
    }

    package var status: Int
    package var headers: HTTPHeaders
    package var content: Content

    package init(status: Int, headers: HTTPHeaders = [], content: Content = .none) {
        self.status = status
        self.headers = headers
        self.content = content
    }
}

/// Takes the pieces of an answer; waits while the other side does not take them.
package final class AnswerWriter {
    private let put: ([UInt8]) async throws -> Void

    package init(_ put: @escaping ([UInt8]) async throws -> Void) { self.put = put }

    package func write(_ bytes: [UInt8]) async throws { try await put(bytes) }
}
