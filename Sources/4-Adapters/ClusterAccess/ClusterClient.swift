// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import HTTPMessages
internal import StructuredData
internal import Synchronization

/// A cluster's API over HTTP. Objects are data: of most of them a few fields are read.
package final class ClusterClient: Sendable {
    /// Sends what is asked with an identity; made by whoever has an HTTP client.
    package struct Connection: Sendable {
        package var send: HTTPTransport
        package var open: HTTPStreaming

        package init(send: @escaping HTTPTransport, open: @escaping HTTPStreaming) {
            self.send = send
            self.open = open
        }
    }

    package typealias Connector = @Sendable (ClusterIdentity) throws(DiagnosticError) -> Connection

    package let configuration: ClusterConfiguration
    private let credential: ClusterCredential
    private let connect: Connector
    private let connections = Mutex<[ClusterIdentity: Connection]>([:])

    static let answerBytes = 64 << 20
    static let timeoutMs = 30_000

    /// - Parameter environment: of this process, for programs that give credentials.
    package init(
        _ configuration: ClusterConfiguration, environment: [String: String] = [:], connect: @escaping Connector
    ) {
        self.configuration = configuration
        self.connect = connect
        credential = ClusterCredential(configuration, environment: environment)
    }

    /// As messages name it.
    var server: String { configuration.server }

    // MARK: calls

    /// - Parameters:
    ///   - what: what is asked, as it follows "could not".
    /// - Throws: what a `Status` object comes to, ``DiagnosticCode/clusterUnreachable``.
    func send(
        _ method: String, _ path: String, query: [FormText.Pair] = [], body: DataValue? = nil,
        contentType: String = "application/json", what: String
    ) async throws(DiagnosticError) -> HTTPAnswer {
        var call = call(method, path, query)
        if let body {
            call.body = Array(body.jsonText().utf8)
            call.headers.add("Content-Type", contentType)
        }
        let answer = try await exchange(call) { (connection, call) throws(DiagnosticError) in
            let answer = try await connection.send(call)
            return (answer, answer.status)
        }
        guard answer.isSuccess else { throw ClusterStatus.error(answer.status, answer.body, what, server) }
        return answer
    }

    func open(
        _ path: String, query: [FormText.Pair], what: String
    ) async throws(DiagnosticError) -> HTTPStream {
        let stream = try await exchange(call("GET", path, query)) { (connection, call) throws(DiagnosticError) in
            let stream = try await connection.open(call)
            return (stream, stream.status)
        }
        guard stream.isSuccess else {
            var body: [UInt8] = []
            for try await piece in stream.pieces where body.count < Self.statusBytes { body += piece }
            throw ClusterStatus.error(stream.status, body, what, server)
        }
        return stream
    }

    private static let statusBytes = 1 << 16

    func object(_ answer: HTTPAnswer) throws(DiagnosticError) -> DataValue {
        guard let data = try? DataValue(json: answer.body), data.object != nil else {
            throw DiagnosticError(
                .clusterAnswer, "What \(server) answered is no object of Kubernetes.",
                remedy: "Check that the address is that of the API server, and not of something before it.")
        }
        return data
    }

    private func call(_ method: String, _ path: String, _ query: [FormText.Pair]) -> HTTPCall {
        let text = query.isEmpty ? "" : "?" + FormText.text(query)
        var call = HTTPCall(
            method, server + path + text, headers: [("Accept", "application/json"), ("User-Agent", "martlet")],
            timeoutMs: Self.timeoutMs, answerLimitBytes: Self.answerBytes)
        let impersonation = configuration.impersonation
        if let user = impersonation.user { call.headers.add("Impersonate-User", user) }
        if let uid = impersonation.uid { call.headers.add("Impersonate-Uid", uid) }
        for group in impersonation.groups { call.headers.add("Impersonate-Group", group) }
        return call
    }

    /// A credential that is not taken may just have ended: it is got anew, once.
    private func exchange<Answer>(
        _ call: HTTPCall, _ body: (Connection, HTTPCall) async throws(DiagnosticError) -> (Answer, status: Int)
    ) async throws(DiagnosticError) -> Answer {
        let first = try await attempt(call, body)
        guard first.status == 401 else { return first.answer }
        await credential.forget()
        return try await attempt(call, body).answer
    }

    private func attempt<Answer>(
        _ call: HTTPCall, _ body: (Connection, HTTPCall) async throws(DiagnosticError) -> (Answer, status: Int)
    ) async throws(DiagnosticError) -> (answer: Answer, status: Int) {
        let shown = try await credential.shown()
        var call = call
        if let header = shown.header { call.headers.add("Authorization", header) }
        let connection = try connection(shown.identity)
        do throws(DiagnosticError) {
            let (answer, status) = try await body(connection, call)
            return (answer, status)
        } catch {
            guard error.diagnostic.code == .webUnreachable else { throw error }
            throw DiagnosticError(
                .clusterUnreachable, "The cluster: \(error.diagnostic.message)", remedy: error.diagnostic.remedy)
        }
    }

    private func connection(_ identity: ClusterIdentity) throws(DiagnosticError) -> Connection {
        try connections.withLock { known throws(DiagnosticError) in
            if let found = known[identity] { return found }
            let made = try connect(identity)
            // Those of certificates that have ended are not needed any more.
            known = [identity: made]
            return made
        }
    }
}
