// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import ErrorPages
internal import HTTPMessages
internal import HTTPServing
internal import ServerOperation
internal import StructuredData
internal import Timekeeping
internal import WebPages

/// Errors as browsers want them: a page where programs get a problem report, and the way to sign in where that is missing.
struct PageProblems: Sendable {
    let server: Server

    /// Below these nobody reads pages.
    private static let programs = ["/api/", "/runner/", "/hooks/"]

    /// Whether it is a problem that a person looks at.
    static func isPage(_ answer: OutboundAnswer, _ inbound: InboundRequest) -> Bool {
        answer.status >= 400 && answer.headers["Content-Type"] == "application/problem+json"
            && inbound.headers["Accept"]?.contains("text/html") ?? false
            && !programs.contains { inbound.path.hasPrefix($0) }
    }

    func shown(_ answer: OutboundAnswer, to inbound: InboundRequest, _ caller: Caller) -> OutboundAnswer {
        guard case .bytes(let bytes) = answer.content else { return answer }
        var context = PageLooks.context(of: inbound, now: .now())
        if answer.status == 401, inbound.method == "GET" {
            // A module that renews a part has no use for the sign-in's page.
            if !inbound.query.contains("fragment=main") { return Self.signIn(context.path) }
        }
        context.person = caller.session.map { server.directory.current.name(of: $0.account) }
        context.csrfToken = caller.session.flatMap { try? server.people.sessions.formToken($0.id, now: context.now) }
        context.version = server.settings.version
        let problem = (try? DataValue(json: bytes)) ?? .null
        let code = problem["code"]?.string
        let page = WebPages.ErrorPage(
            status: answer.status, code: code, message: problem["detail"]?.string ?? "",
            remedy: problem["remedy"]?.string, explanation: code.flatMap(Self.explanation))
        var shown = OutboundAnswer.page(page, context, status: answer.status)
        for name in ["Allow", "Retry-After"] { shown.headers[name] = answer.headers[name] }
        shown.headers["Cache-Control"] = "no-store"
        return shown
    }

    private static func signIn(_ back: PageAddress) -> OutboundAnswer {
        .seeOther(back == .overview ? .login : .query([("back", back.text)], of: .login))
    }

    /// The code's page without its title, which the page has already.
    static func explanation(_ code: String) -> String? {
        guard code.hasPrefix("MRT"), let number = Int(code.dropFirst(3)), let bytes = ErrorPages.ErrorPage.text(of: number)
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `/errors/MRT1190`: what a problem report's `type` leads to.
    var route: Route {
        PageRoute(server: server).get("/errors/{code}", .open) { (visit) throws(DiagnosticError) in
            let code = visit.request.parameter("code")
            guard let text = Self.explanation(code) else {
                throw DiagnosticError(.routeUnknown, "There is no error '\(code)'.")
            }
            return .page(ExplanationPage(code: code, text: text), visit.context())
        }
    }
}
