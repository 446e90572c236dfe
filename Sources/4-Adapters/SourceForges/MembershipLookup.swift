// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import HTTPMessages
internal import StructuredData

/// Asks a forge whether somebody belongs to a project: GitLab and Gitea do not say it in their webhooks, and GitHub shows
/// hidden members of an organisation as contributors.
package struct MembershipLookup: Sendable {
    private let address: ForgeAddress
    private let token: String

    /// GitLab's role Developer: may push.
    private static let developerLevel = 30

    package init(_ address: ForgeAddress, token: String) {
        self.address = address
        self.token = token
    }

    package func call(login: String, repository: String) -> HTTPCall {
        let path = address.path(of: repository)
        if address.forge == .gitlab {
            // A search by a part of the name; the answer is looked through for the very one.
            return address.call(
                "GET", "\(path)/members/all?per_page=100&query=\(FormText.encoded(login))", token: token)
        }
        return address.call("GET", "\(path)/collaborators/\(FormText.encoded(login))/permission", token: token)
    }

    /// What the answer means: who may push is a collaborator; `nil`: nothing more is known than before.
    package func association(_ answer: HTTPAnswer, login: String) -> AuthorAssociation? {
        guard answer.isSuccess, let body = try? DataValue(json: answer.body) else { return nil }
        if address.forge == .gitlab {
            let member = body.array?.first { $0["username"]?.string?.lowercased() == login.lowercased() }
            guard let level = member?["access_level"]?.int, level >= Self.developerLevel else { return nil }
            return member?["state"]?.string == "blocked" ? nil : .member
        }
        switch body["permission"]?.string {
        case "owner": return .owner
        case "admin", "maintain", "write": return .collaborator
        default: return nil
        }
    }

    /// - Throws: what the transport throws; a forge that refuses is no error but "not known", which counts against trust.
    package func association(
        login: String, repository: String, transport: HTTPTransport
    ) async throws(DiagnosticError) -> AuthorAssociation? {
        association(try await transport(call(login: login, repository: repository)), login: login)
    }
}
