// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import ServerOperation
internal import WebPages

/// Theme and language of a browser, kept in cookies of its own; and the list of places that can be gone to by name.
struct PreferenceRoutes: Sendable {
    let server: Server

    private static let seconds = 365 * 86_400

    var routes: [Route] {
        [PageRoute(server: server).post("/preferences", .open, choose)]
    }

    @Sendable private func choose(
        _ visit: PageVisit, _ form: FormFields
    ) async throws(DiagnosticError) -> OutboundAnswer {
        var answer = OutboundAnswer.seeOther(form["back"].flatMap { Self.own($0) } ?? .overview)
        if let theme = form["theme"].flatMap(Theme.init(rawValue:)) {
            answer.headers.add("Set-Cookie", line(Theme.cookieName, theme.rawValue, visit))
        }
        if let language = form["language"].flatMap(Language.init(rawValue:)) {
            answer.headers.add("Set-Cookie", line(Language.cookieName, language.rawValue, visit))
        }
        return answer
    }

    /// The page's module changes the theme's cookie as well: it is no secret.
    private func line(_ name: String, _ value: String, _ visit: PageVisit) -> String {
        let isSecure = visit.request.inbound.isSecure || server.address.hasPrefix("https://")
        return "\(name)=\(value); Path=/; Max-Age=\(Self.seconds); SameSite=Lax" + (isSecure ? "; Secure" : "")
    }

    /// Back to a page of this server, and nowhere else.
    static func own(_ path: String) -> PageAddress? {
        path.hasPrefix("/") ? PageAddress(checking: path) : nil
    }
}
