// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import Diagnostics
internal import SourceControl
internal import SourceForges

/// The places of the network that a project's settings lead to, each as `https://git.example.org:443`.
package struct ProjectPlaces: Hashable, Sendable {
    /// Where git fetches from; `nil`: from this machine.
    package let remote: String?
    /// Where statuses are told; `nil`: nowhere.
    package let forge: String?

    package init(_ settings: ProjectSettings) {
        remote = Self.place(settings.cloneURL)
        forge = (try? Self.address(settings)).flatMap { Self.place($0.apiURL) }
    }

    var all: Set<String> { Set([remote, forge].compactMap { $0 }) }

    /// Whether what opens the remote is a key's file.
    var wantsKey: Bool { remote?.hasPrefix("ssh://") == true }

    /// - Throws: ``DiagnosticCode/forgeAddressUnusable``.
    static func address(_ settings: ProjectSettings) throws(DiagnosticError) -> ForgeAddress {
        let api = settings.options["apiURL"]
        var server = settings.options["serverURL"] ?? RemotePlace(settings.cloneURL).serverURL
        // Of an address that names no forge the API may be known all the same.
        if settings.options["serverURL"] == nil, !server.hasPrefix("http") { server = api ?? server }
        return try ForgeAddress(ForgeKind(rawValue: settings.forge.rawValue) ?? .git, server: server, apiURL: api)
    }

    /// `nil` for a path, for what git has a helper for, and for what was stored and would not be taken any more.
    private static func place(_ address: String) -> String? { (try? CloneAddress(address))?.place }
}
