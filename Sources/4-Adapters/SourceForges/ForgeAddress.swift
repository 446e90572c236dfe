// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import HTTPMessages

/// Where a forge's API is, and how it is spoken to.
package struct ForgeAddress: Hashable, Sendable {
    package var forge: ForgeKind
    /// Without a slash at its end: `https://api.github.com`, `https://git.example.org/api/v1`.
    package var apiURL: String

    /// - Parameters:
    ///   - server: what people open: `https://github.com`, `https://git.example.org/forge`.
    ///   - apiURL: where the API is elsewhere.
    /// - Throws: ``DiagnosticCode/forgeAddressUnusable``.
    package init(_ forge: ForgeKind, server: String, apiURL: String? = nil) throws(DiagnosticError) {
        self.forge = forge
        let server = try Self.checked(server, forge)
        if let apiURL {
            self.apiURL = try Self.checked(apiURL, forge)
            return
        }
        switch forge {
        case .github: self.apiURL = Self.githubAPI(server)
        case .gitlab: self.apiURL = server + "/api/v4"
        case .gitea: self.apiURL = server + "/api/v1"
        case .git:
            throw DiagnosticError(
                .forgeAddressUnusable, "A git remote without a forge has no API.",
                remedy: "Name the forge, if \(server) is one.")
        }
    }

    /// Source: GitHub's REST documentation: `/api/v3` of a server of one's own, `api.` before a name of `ghe.com`.
    private static func githubAPI(_ server: String) -> String {
        let host = server.split(separator: "/").dropFirst().first ?? ""
        if host == "github.com" || host == "www.github.com" { return "https://api.github.com" }
        if host.hasSuffix(".ghe.com") { return "https://api.\(host)" }
        return server + "/api/v3"
    }

    private static func checked(_ url: String, _ forge: ForgeKind) throws(DiagnosticError) -> String {
        var url = url
        while url.hasSuffix("/") { url.removeLast() }
        let rest = ["https://", "http://"].first { url.lowercased().hasPrefix($0) }.map { url.dropFirst($0.count) }
        guard let rest, let host = rest.split(separator: "/", omittingEmptySubsequences: false).first, !host.isEmpty,
            rest.unicodeScalars.allSatisfy({ $0.value > 32 && $0.value < 127 && !"?#@\\".unicodeScalars.contains($0) })
        else {
            throw DiagnosticError(
                .forgeAddressUnusable, "'\(url.shortened(to: 200))' is no address of \(forge.title).",
                remedy: "Write it as 'https://host', without a name and a password, '?' and '#'.")
        }
        return url
    }

    // MARK: Calls

    /// A call with JSON, and what the forge wants in every call's head.
    func call(_ method: String, _ path: String, token: String, json: [UInt8]? = nil) -> HTTPCall {
        var call = HTTPCall(method, apiURL + path, body: json ?? [])
        call.headers.add("User-Agent", "martlet")
        call.headers.add("Accept", forge == .github ? "application/vnd.github+json" : "application/json")
        if forge == .github { call.headers.add("X-GitHub-Api-Version", "2022-11-28") }
        call.headers.add("Authorization", (forge == .gitea ? "token " : "Bearer ") + token)
        if json != nil { call.headers.add("Content-Type", "application/json") }
        return call
    }

    /// `/repos/owner/name`, or GitLab's `/projects/group%2Fname`.
    func path(of repository: String) -> String {
        if forge == .gitlab { return "/projects/" + FormText.encoded(repository) }
        return "/repos/" + repository.split(separator: "/").map { FormText.encoded(String($0)) }.joined(separator: "/")
    }
}
