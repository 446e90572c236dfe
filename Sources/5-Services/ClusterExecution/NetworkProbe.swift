// SPDX-License-Identifier: Apache-2.0

internal import ClusterRules
package import Diagnostics
internal import Glibc
internal import ThreadExecution

/// Whether something is reached that must not be: how a pod sees that its cluster keeps network policies.
package struct NetworkProbe: Hashable, Sendable {
    private let host: String
    private let port: String

    private static let attempts = 10
    private static let patienceMs: Int32 = 2_000
    private static let pauseMs = 1_000

    /// - Parameter text: `HOST:PORT`, with an IPv6 address in brackets; `nil`: it is none.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
            return nil
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { return nil }
        self.host = host
        self.port = "\(port)"
    }

    /// The cluster's API, as every pod is told of it: open to pods unless a policy closes it.
    package static let own = "api"

    /// - Parameter text: `HOST:PORT`, or ``own``.
    package init?(_ text: String, environment: [String: String]) {
        if text == Self.own { self.init(environment: environment) } else { self.init(text) }
    }

    /// - Throws: ``DiagnosticCode/forkNetworkOpen``: nobody can say of it whether it is reached.
    package static func named(
        _ text: String, environment: [String: String]
    ) throws(DiagnosticError) -> NetworkProbe {
        guard let probe = NetworkProbe(text, environment: environment) else {
            throw PodVerdict.openNetwork("What it must not reach is not known: '\(text)'.")
        }
        return probe
    }

    private init?(environment: [String: String]) {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], let port = environment["KUBERNETES_SERVICE_PORT"]
        else {
            return nil
        }
        self.init("[\(host)]:\(port)")
    }

    /// Blocks until it is not reached; policies reach a pod a moment after it has begun.
    ///
    /// - Throws: ``DiagnosticCode/forkNetworkOpen``: it is reached all the time.
    package func requireClosed() throws(DiagnosticError) {
        for attempt in 1...Self.attempts {
            guard isReached else { return }
            if attempt < Self.attempts { ThreadPause.sleep(milliseconds: Self.pauseMs) }
        }
        throw PodVerdict.openNetwork("It reaches \(host):\(port).")
    }

    package var isReached: Bool {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, port, &hints, &found) == 0, let list = found else { return false }
        defer { freeaddrinfo(list) }
        var next: UnsafeMutablePointer<addrinfo>? = list
        while let entry = next {
            if Self.connects(entry.pointee) { return true }
            next = entry.pointee.ai_next
        }
        return false
    }

    /// Who refuses answers no more than one who is silent.
    private static func connects(_ address: addrinfo) -> Bool {
        let kind = address.ai_socktype | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.ai_family, kind, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        if connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return true }
        guard errno == EINPROGRESS else { return false }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&waiting, 1, patienceMs) == 1 else { return false }
        var failure: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0
    }
}
