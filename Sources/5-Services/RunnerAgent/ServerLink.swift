// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import HTTPMessages
internal import RunCoordination
package import RunnerProtocol
internal import StructuredData

/// What a runner says to its server, and what it is answered.
package struct ServerLink: Sendable {
    private let base: String
    private let credential: String
    private let transport: HTTPTransport
    /// For the server's object storage; `nil`: it is not asked.
    let exchange: HTTPExchange?
    private static let answerLimitBytes = 256 << 20

    /// - Parameters:
    ///   - url: of the server, without a slash at the end.
    ///   - exchange: for the server's object storage; `nil`: all bytes go through the server.
    package init(
        url: String, credential: String, transport: @escaping HTTPTransport, exchange: HTTPExchange? = nil
    ) {
        self.exchange = exchange
        base = url + "/runner/v\(RunnerProtocolVersion.current)"
        self.credential = credential
        self.transport = transport
    }

    /// So long a server is waited for that takes nothing yet, for it has only just begun.
    package static let registrationPatience = Duration.seconds(30)

    /// Takes a one-time token to the server, and brings the runner's own credential. After a 503 it is still good.
    package static func register(
        _ request: RegistrationRequest, at url: String, transport: HTTPTransport, pace: AskingPace = AskingPace(),
        patience: Duration = registrationPatience
    ) async throws(DiagnosticError) -> RegistrationAnswer {
        var call = HTTPCall("POST", url + "/runner/v\(RunnerProtocolVersion.current)/register")
        call.body = Array(request.data.jsonText().utf8)
        call.headers = headers(contentType: "application/json")
        let end = ContinuousClock.now + patience
        var pause = pace.first
        var answer = try await transport(call)
        while answer.status == 503, ContinuousClock.now < end {
            try? await Task.sleep(for: pause)
            pause = pace.next(after: pause)
            answer = try await transport(call)
        }
        return try read(answer) { data throws(DataShapeError) in try RegistrationAnswer(data: data) }
    }

    /// Waits until there is something for the runner, at most as long as the request says.
    package func poll(_ request: PollRequest) async throws(DiagnosticError) -> PollAnswer {
        try await post("poll", request.data, timeoutMs: Int(request.waitMs) + HTTPCall.standardTimeoutMs) {
            data throws(DataShapeError) in try PollAnswer(data: data)
        }
    }

    /// - Throws: ``DiagnosticCode/leaseLost`` where the job is not this runner's any more.
    func assignment(_ lease: LeaseKey) async throws(DiagnosticError) -> JobAssignment {
        try await post("assignment", lease.data) { data throws(DataShapeError) in try JobAssignment(data: data) }
    }

    /// A credential that is good for one lease of this runner's.
    ///
    /// - Throws: ``DiagnosticCode/leaseLost``.
    package func delegate(_ lease: LeaseKey) async throws(DiagnosticError) -> LeaseCredential {
        try await post("delegate", lease.data) { data throws(DataShapeError) in try LeaseCredential(data: data) }
    }

    /// Waits until there is something for the job, at most as long as the request says.
    ///
    /// - Throws: ``DiagnosticCode/leaseLost``.
    func attend(_ request: AttendRequest) async throws(DiagnosticError) -> AttendAnswer {
        try await post("attend", request.data, timeoutMs: Int(request.waitMs) + HTTPCall.standardTimeoutMs) {
            data throws(DataShapeError) in try AttendAnswer(data: data)
        }
    }

    /// What carried the job is gone.
    ///
    /// - Throws: ``DiagnosticCode/leaseLost``: it is not this runner's any more.
    package func forsake(_ lease: ForsakenLease) async throws(DiagnosticError) {
        try await post("forsake", lease.data) { (_) throws(DataShapeError) in }
    }

    /// - Throws: ``DiagnosticCode/leaseLost``.
    func position(_ lease: LeaseKey) async throws(DiagnosticError) -> ProgressPosition {
        try await post("position", lease.data) { data throws(DataShapeError) in try ProgressPosition(data: data) }
    }

    /// - Returns: what the server has now.
    /// - Throws: ``DiagnosticCode/leaseLost``.
    package func progress(_ progress: Progress) async throws(DiagnosticError) -> ProgressPosition {
        var call = HTTPCall("POST", base + "/progress", timeoutMs: Self.progressTimeoutMs)
        call.body = ProgressCoding.encode(progress)
        call.headers = headers(ProgressCoding.contentType)
        let answer = try await transport(call)
        return try Self.readPatiently(answer) { data throws(DataShapeError) in try ProgressPosition(data: data) }
    }

    /// A commit of the server's may wait for its disk.
    private static let progressTimeoutMs = 30_000

    /// One message of a job's ``ServerLine``; the answer's bytes.
    ///
    /// - Throws: ``DiagnosticCode/leaseLost``, and what else the server says.
    func exchange(_ name: String, _ body: [UInt8], _ form: ServerLine.Form) async throws(DiagnosticError) -> [UInt8] {
        var call = HTTPCall(
            "POST", "\(base)/\(name)", timeoutMs: Self.exchangeTimeoutMs, answerLimitBytes: Self.answerLimitBytes)
        call.body = body
        call.headers = headers(form == .json ? "application/json" : FramedMessage.contentType)
        let answer = try await transport(call)
        guard answer.isSuccess else {
            let said = Self.refusal(answer.status, (try? DataValue(json: answer.body)) ?? .null)
            // A step waits for it: what went wrong at the server may do so each time.
            throw answer.status == 500 ? said : Self.passing(answer.status, said) ?? said
        }
        return answer.body
    }

    /// A piece takes its time on a slow line; the server may look at all bytes of an upload before it answers.
    private static let exchangeTimeoutMs = 600_000

    private func post<Value>(
        _ path: String, _ body: DataValue, timeoutMs: Int = HTTPCall.standardTimeoutMs,
        _ read: (DataValue) throws(DataShapeError) -> Value
    ) async throws(DiagnosticError) -> Value {
        var call = HTTPCall(
            "POST", "\(base)/\(path)", timeoutMs: timeoutMs, answerLimitBytes: Self.answerLimitBytes)
        call.body = Array(body.jsonText().utf8)
        call.headers = headers("application/json")
        let answer = try await transport(call)
        return try Self.readPatiently(answer, read)
    }

    private func headers(_ contentType: String) -> HTTPHeaders {
        var headers = Self.headers(contentType: contentType)
        headers["Authorization"] = "Bearer \(credential)"
        return headers
    }

    private static func headers(contentType: String) -> HTTPHeaders {
        [("Content-Type", contentType), (RunnerProtocolVersion.header, "\(RunnerProtocolVersion.current)")]
    }

    private static func read<Value>(
        _ answer: HTTPAnswer, _ read: (DataValue) throws(DataShapeError) -> Value
    ) throws(DiagnosticError) -> Value {
        let data = (try? DataValue(json: answer.body)) ?? .null
        guard answer.isSuccess else { throw refusal(answer.status, data) }
        do throws(DataShapeError) {
            return try read(data)
        } catch {
            throw DiagnosticError(
                .serverAnswerInvalid, "The server's answer cannot be read: \(error).",
                remedy: "Use the same version of Martlet for the server and its runners.")
        }
    }

    private static func readPatiently<Value>(
        _ answer: HTTPAnswer, _ read: (DataValue) throws(DataShapeError) -> Value
    ) throws(DiagnosticError) -> Value {
        do throws(DiagnosticError) {
            return try Self.read(answer, read)
        } catch {
            throw passing(answer.status, error) ?? error
        }
    }

    /// An answer that says nothing of the message, which may be taken the next time: the server's disk is full, it has only just
    /// begun, a proxy does not reach it, there were too many requests. `nil`: it will say so again.
    private static func passing(_ status: Int, _ error: DiagnosticError) -> DiagnosticError? {
        guard status >= 500 || [408, 425, 429].contains(status) else { return nil }
        let said = error.diagnostic
        let text = said.code == .serverRefused ? said.message : "\(said.code): \(said.message)"
        return DiagnosticError(.serverBusy, "The server cannot take it now. \(text)", remedy: said.remedy)
    }

    /// The server's own words.
    private static func refusal(_ status: Int, _ data: DataValue) -> DiagnosticError {
        let code = data["code"]?.string.flatMap { Int($0.dropFirst(3)) } ?? 0
        let text = data["detail"]?.string ?? data["title"]?.string ?? "The server answered \(status)."
        let known = (1...9_999).contains(code) ? DiagnosticCode(code) : .serverRefused
        return DiagnosticError(known, text, remedy: data["remedy"]?.string)
    }
}

extension DiagnosticCode {
    /// The server said no, in words that are not a problem report.
    package static let serverRefused = DiagnosticCode(1136)
    static let serverAnswerInvalid = DiagnosticCode(1137)
    /// The server, or what stands before it, takes nothing just now.
    package static let serverBusy = DiagnosticCode(1138)
}
