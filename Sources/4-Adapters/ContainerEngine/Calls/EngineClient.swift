// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import NIOCore
internal import NIOHTTP1
internal import StructuredData
internal import Synchronization

/// Bytes that are made while they are sent: the next piece at each call, `nil` at the end. Called on the thread of the call.
package typealias ByteSource = () throws(DiagnosticError) -> [UInt8]?

/// A container engine: Docker, or Podman's service that speaks Docker's API, over a unix socket.
///
/// Every call blocks its thread, and many threads may call at once. What a call waits for has a timeout with a name
/// (``EngineTimeouts``); ``CallCancellation`` gives calls up from another thread; an engine that goes away ends them with
/// ``DiagnosticCode/engineLost``.
package final class EngineClient: Sendable {
    /// Of one answer that is read as a whole.
    static let answerLimitBytes = 16 << 20

    package let address: EngineAddress
    package let timeouts: EngineTimeouts
    private let transport: EngineTransport
    private let version = Mutex<EngineVersion?>(nil)

    /// Connects to nothing yet.
    package init(address: EngineAddress, timeouts: EngineTimeouts = EngineTimeouts()) {
        self.address = address
        self.timeouts = timeouts
        transport = EngineTransport(address: address)
    }

    /// Ends the client's thread and what is under way; a later call starts it again.
    package func close() { transport.close() }

    // MARK: Calls

    /// One call, from its request to what `read` makes of its answer.
    ///
    /// - Parameter source: the request's body, where it is made while it is sent.
    func perform<Value>(
        _ request: EngineRequest, _ kind: CallLimit.Kind, _ call: EngineCall, source: ByteSource? = nil,
        read: (OpenCall) throws(DiagnosticError) -> Value
    ) throws(DiagnosticError) -> Value {
        let open = try begin(request, kind, call, source: source)
        defer { open.close() }
        return try read(open)
    }

    /// The call with its answer's head read. Close it.
    func begin(
        _ request: EngineRequest, _ kind: CallLimit.Kind, _ call: EngineCall, source: ByteSource? = nil
    ) throws(DiagnosticError) -> OpenCall {
        let version = request.isUnversioned ? nil : try negotiated(call).spoken.description
        if call.cancellation?.isCancelled == true { throw EngineFailure.cancelled(request.summary) }
        let exchange = transport.open(request, version: version, isStreamed: source != nil)
        let limit = CallLimit(kind: kind, duration: call.timeout ?? duration(of: kind))
        var open = OpenCall(exchange, deadline: CallDeadline(limit), call)
        do throws(DiagnosticError) {
            try open.register()
            if let source { try open.send(source) }
            try open.readHead()
        } catch {
            open.close()
            throw error
        }
        return open
    }

    private func duration(of kind: CallLimit.Kind) -> Duration? {
        switch kind {
        case .answer: timeouts.answer
        case .change: timeouts.change
        case .silence: timeouts.silence
        case .stream: timeouts.stream
        }
    }

    /// A call whose answer is JSON.
    func json(
        _ request: EngineRequest, _ kind: CallLimit.Kind = .answer, _ call: EngineCall
    ) throws(DiagnosticError) -> DataValue {
        try perform(request, kind, call) { open throws(DiagnosticError) in try open.json() }
    }

    /// A call whose answer says nothing but that it was done.
    func done(
        _ request: EngineRequest, _ kind: CallLimit.Kind = .change, _ call: EngineCall
    ) throws(DiagnosticError) {
        try perform(request, kind, call) { open throws(DiagnosticError) in _ = try open.bytes() }
    }

    // MARK: The engine itself

    /// Whether the engine answers at all.
    ///
    /// - Throws: ``DiagnosticCode/engineUnreachable``, ``DiagnosticCode/engineTimedOut``.
    package func ping(_ call: EngineCall = EngineCall()) throws(DiagnosticError) {
        var request = EngineRequest(.GET, "/_ping")
        request.isUnversioned = true
        try done(request, .answer, call)
    }

    /// The engine's versions; asked for once.
    ///
    /// - Throws: ``DiagnosticCode/engineVersionUnsupported``.
    package func negotiated(_ call: EngineCall = EngineCall()) throws(DiagnosticError) -> EngineVersion {
        if let known = version.withLock({ $0 }) { return known }
        var request = EngineRequest(.GET, "/version")
        request.isUnversioned = true
        // The caller's timeout is for what it asked for.
        let answer = try json(request, .answer, EngineCall(cancellation: call.cancellation))
        let found = try EngineVersion(answer)
        version.withLock { $0 = found }
        return found
    }

    package func info(_ call: EngineCall = EngineCall()) throws(DiagnosticError) -> EngineInfo {
        EngineInfo(try json(EngineRequest(.GET, "/info"), .answer, call))
    }
}
