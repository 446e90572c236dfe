// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
package import Diagnostics
internal import Glibc
package import HTTPMessages
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import ThreadExecution

/// Requests to addresses that were looked at before: the name is not asked for again, so it cannot lead elsewhere.
package enum PinnedCalls {
    /// All addresses of a name, those that are best reached from here first.
    ///
    /// - Throws: ``DiagnosticCode/webUnreachable``.
    package static func addresses(of host: String) async throws(DiagnosticError) -> [String] {
        let (found, problem) = await BlockingWork.run { lookUp(host) }
        guard !found.isEmpty else {
            throw DiagnosticError(
                .webUnreachable, "The name '\(host)' leads nowhere: \(problem).", remedy: "Check the address.")
        }
        return found
    }

    private static func lookUp(_ host: String) -> ([String], problem: String) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard status == 0 else { return ([], String(cString: gai_strerror(status))) }
        var found: [String] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let size = socklen_t(name.count)
            let isNamed = getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &name, size, nil, 0, NI_NUMERICHOST)
            guard isNamed == 0 else { continue }
            let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if !found.contains(text) { found.append(text) }
        }
        return (found, "it has no address")
    }
}

extension WebClient {
    /// Sends a call to `address`, as if the host's name had led there. The connection is used for nothing else. Of a longer
    /// answer than is wanted the beginning is given.
    ///
    /// - Parameter host: as the call's address spells it.
    /// - Throws: ``DiagnosticCode/webUnreachable``.
    package func send(
        _ call: HTTPCall, host: String, address: String
    ) async throws(DiagnosticError) -> HTTPAnswer {
        var configuration = configuration
        if host != address { configuration.dnsOverride = [host: address] }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Result<HTTPAnswer, any Error>
        do {
            result = .success(try await Self.beginning(of: call, client))
        } catch {
            result = .failure(error)
        }
        // What it had open is closed; there is nobody to tell of what goes wrong with that.
        try? await client.shutdown()
        do {
            return try result.get()
        } catch {
            throw Self.unreachable(call, error)
        }
    }

    private static func beginning(of call: HTTPCall, _ client: HTTPClient) async throws -> HTTPAnswer {
        let response = try await client.execute(request(call), timeout: .milliseconds(Int64(call.timeoutMs)))
        var body: [UInt8] = []
        for try await piece in response.body {
            body += piece.readableBytesView.prefix(call.answerLimitBytes - body.count)
            if body.count >= call.answerLimitBytes { break }
        }
        return HTTPAnswer(status: Int(response.status.code), headers: headers(response), body: body)
    }
}
