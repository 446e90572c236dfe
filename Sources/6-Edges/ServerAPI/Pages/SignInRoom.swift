// SPDX-License-Identifier: Apache-2.0

internal import HTTPMessages
internal import HTTPServing
internal import ServerOperation
internal import Timekeeping
internal import WebPages

/// The pages for which nobody has to be signed in: signing in, the first account, an invitation.
struct SignInRoom: Sendable {
    let server: Server

    @Sendable func answer(_ view: SignInView, _ request: APIRequest) -> OutboundAnswer {
        var context = PageLooks.context(of: request.inbound, now: .now())
        context.version = server.settings.version
        context.csrfToken = view.formToken
        var answer = OutboundAnswer.page(page(view), context, status: view.status)
        answer.headers["Cache-Control"] = "no-store"
        return answer
    }

    private func page(_ view: SignInView) -> any Page {
        let refusal = view.refusal?.shown
        switch view.room {
        case .login(let name, let back, let isProviderOffered):
            let provider = LoginPage.Provider(name: "OpenID Connect", start: PageAddress("login", "oidc"))
            return LoginPage(
                back: PreferenceRoutes.own(back) ?? .overview, name: name, refusal: refusal,
                providers: isProviderOffered ? [provider] : [])
        case .noAccount: return LoginPage(refusal: refusal, isFirst: true)
        case .setup(let token, let name): return PasswordPage(.setup(token: token, name: name), refusal: refusal)
        case .invitation(let ticket, let name):
            return PasswordPage(.invitation(ticket: ticket, name: name), refusal: refusal)
        case .refused: return PasswordPage(.over, refusal: refusal)
        }
    }
}

extension SignInView.Refusal {
    fileprivate var shown: LoginPage.Refusal {
        switch self {
        case .wrong: .wrong
        case .wait(let seconds): .wait(seconds: Int(clamping: seconds))
        case .other(let sentence): .other(sentence)
        }
    }
}
