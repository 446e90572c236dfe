// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import HTTPMessages
package import NotificationRules

/// Requests to addresses that people gave: looked at as texts, then as what they lead to, and sent to what was looked at.
package struct GuardedCalls: Sendable {
    let addressGuard: AddressGuard
    let web: WebReach

    package init(addressGuard: AddressGuard, web: WebReach) {
        self.addressGuard = addressGuard
        self.web = web
    }

    /// - Throws: ``DiagnosticCode/addressInvalid``, ``DiagnosticCode/addressRefused``, ``DiagnosticCode/webUnreachable``.
    package func send(_ call: HTTPCall) async throws(DiagnosticError) -> HTTPAnswer {
        let (target, address) = try await look(at: call.url)
        var call = call
        call.url = Self.spelled(call.url, target)
        return try await web.pinned(call, target.host, address)
    }

    /// - Returns: what the address says, and one of the addresses that it leads to.
    @discardableResult
    package func look(
        at url: String
    ) async throws(DiagnosticError) -> (target: AddressGuard.Target, address: String) {
        let target = try addressGuard.target(url)
        let addresses = NetworkAddress(target.host) == nil ? try await web.resolve(target.host) : [target.host]
        try addressGuard.check(resolved: addresses)
        guard let address = addresses.first else {
            throw DiagnosticError(.webUnreachable, "\(target.host) has no address.")
        }
        return (target, address)
    }

    /// With the host as it was looked at: another spelling could be another name to whoever connects.
    static func spelled(_ url: String, _ target: AddressGuard.Target) -> String {
        let host = target.host.contains(":") ? "[\(target.host)]" : target.host
        let isUsual = target.port == (target.scheme == "https" ? 443 : 80)
        let begin = url.firstRange(of: "://").map(\.upperBound) ?? url.startIndex
        let rest = url[begin...].drop { !"/?#".contains($0) }
        return "\(target.scheme)://\(host)\(isUsual ? "" : ":\(target.port)")\(rest)"
    }
}
