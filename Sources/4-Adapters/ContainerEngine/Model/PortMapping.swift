// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A port of a container, at a port of the machine: the short form `[[address:]host:]container[/protocol]`.
package struct PortMapping: Hashable, Sendable {
    /// Of the machine; empty: all of them.
    package var hostAddress = ""
    /// `nil`: chosen by the engine.
    package var hostPort: Int?
    package var containerPort: Int
    /// `tcp`, `udp` or `sctp`.
    package var transport = "tcp"

    package init(containerPort: Int, hostPort: Int? = nil) {
        self.containerPort = containerPort
        self.hostPort = hostPort
    }

    /// As the engine names it: `80/tcp`.
    package var key: String { "\(containerPort)/\(transport)" }

    /// How many ports one range may span.
    package static let rangeLimit = 1000

    /// One mapping, or one for each port of a range (`3000-3002:4000-4002`).
    ///
    /// - Throws: ``DiagnosticCode/portSyntaxInvalid``.
    package static func parse(_ text: String) throws(DiagnosticError) -> [PortMapping] {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let transport = halves.count == 2 ? halves[1].lowercased() : "tcp"
        guard halves.count <= 2, ["tcp", "udp", "sctp"].contains(transport) else {
            throw failure(text, "the protocol is tcp, udp or sctp")
        }
        let (address, host, container) = try split(halves[0], of: text)
        let inside = try range(container, of: text)
        let outside = host.isEmpty ? nil : try range(host, of: text)
        if let outside, outside.count != inside.count {
            throw failure(text, "\(outside.count) ports cannot stand for \(inside.count)")
        }
        return inside.enumerated().map { index, port in
            var mapping = PortMapping(containerPort: port, hostPort: outside.map { $0.lowerBound + index })
            mapping.hostAddress = address
            mapping.transport = transport
            return mapping
        }
    }

    /// An IPv6 address stands in brackets.
    private static func split(
        _ text: String, of whole: String
    ) throws(DiagnosticError) -> (address: String, host: String, container: String) {
        var address = ""
        var rest = text[...]
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]"), rest[rest.index(after: end)...].hasPrefix(":") else {
                throw failure(whole, "the address has no end")
            }
            address = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[end...].dropFirst(2)
        }
        var parts = rest.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 3, address.isEmpty { address = parts.removeFirst() }
        switch parts.count {
        case 1 where address.isEmpty: return ("", "", parts[0])
        case 2: return (address, parts[0], parts[1])
        default: throw failure(whole, "it has too many or too few parts")
        }
    }

    private static func range(_ text: String, of whole: String) throws(DiagnosticError) -> ClosedRange<Int> {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { number($0) }
        guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last else {
            throw failure(whole, "'\(text)' is not a port (1 to 65535) or a range of them")
        }
        guard last - first < rangeLimit else { throw failure(whole, "a range spans \(rangeLimit) ports at most") }
        return first...last
    }

    private static func number(_ text: Substring) -> Int? {
        guard text.allSatisfy(\.isNumber), let value = Int(text), (1...65535).contains(value) else { return nil }
        return value
    }

    private static func failure(_ text: String, _ reason: String) -> DiagnosticError {
        DiagnosticError(
            .portSyntaxInvalid, "The port '\(text)' cannot be read: \(reason).",
            remedy:
                "Write container, host:container or address:host:container, with /udp behind it where it is not TCP.")
    }
}
