// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// An answer whose content is taken piece by piece, while it comes.
package struct HTTPStream: Sendable {
    package var status: Int
    package var headers: HTTPHeaders
    package var pieces: HTTPPieces

    package init(status: Int, headers: HTTPHeaders = [], pieces: HTTPPieces) {
        self.status = status
        self.headers = headers
        self.pieces = pieces
    }

    /// 200 … 299.
    package var isSuccess: Bool { (200...299).contains(status) }
}

/// Sends a call, and gives the answer as soon as its head is there. There is no limit to how long the answer may take, only to
/// how long nothing of it comes; ``HTTPCall/timeoutMs`` and ``HTTPCall/answerLimitBytes`` do not count. A task that is cancelled
/// closes the connection.
package typealias HTTPStreaming = @Sendable (HTTPCall) async throws(DiagnosticError) -> HTTPStream

/// Bytes as they come. They can be taken once.
package struct HTTPPieces: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = DiagnosticError
    /// The next piece; `nil` at the end. Throws where the connection breaks, or nothing came for too long.
    package typealias Pull = () async throws(DiagnosticError) -> [UInt8]?

    package struct AsyncIterator: AsyncIteratorProtocol {
        private let pull: Pull

        fileprivate init(_ pull: @escaping Pull) { self.pull = pull }

        package mutating func next() async throws(DiagnosticError) -> [UInt8]? { try await pull() }
    }

    private let make: @Sendable () -> Pull

    package init(_ make: @escaping @Sendable () -> Pull) { self.make = make }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(make()) }
}

/// A body that is sent while it is made. Who sends it again takes its pieces from the beginning.
package struct HTTPUpload: Sendable {
    package var sizeBytes: Int
    package var pieces: HTTPPieces

    package init(sizeBytes: Int, pieces: HTTPPieces) {
        self.sizeBytes = sizeBytes
        self.pieces = pieces
    }
}

/// Sends a call, with a body of its own or one that is made meanwhile, and gives the answer as soon as its head is there:
/// ``HTTPCall/timeoutMs`` counts up to then. Afterwards there is a limit to how long nothing of it comes. A task that is
/// cancelled closes the connection, and so does whoever does not take the whole answer.
package typealias HTTPExchange = @Sendable (HTTPCall, HTTPUpload?) async throws(DiagnosticError) -> HTTPStream
