// SPDX-License-Identifier: Apache-2.0

internal import HTTPMessages
package import HTTPServing

/// What a page for somebody who is not signed in shows.
package struct SignInView: Sendable {
    package enum Room: Sendable {
        /// Posted to `/login` with `name`, `password`, `back`.
        case login(name: String, back: String, isProviderOffered: Bool)
        /// There is no account yet: the link that makes one is in the server's log.
        case noAccount
        /// Posted to `/setup` with `token`, `name`, `email`, `password`.
        case setup(token: String, name: String)
        /// Posted to `/invite` with `ticket`, `password`.
        case invitation(ticket: String, name: String)
        /// A link, or a sign-in at a provider, that came to nothing.
        case refused(back: String)
    }

    package enum Refusal: Sendable {
        case wrong
        case wait(seconds: Int64)
        /// A sentence.
        case other(String)

        package var sentence: String {
            switch self {
            case .wrong: "The name or the password is wrong."
            case .wait(let seconds): "There were too many attempts that failed. Try again in \(seconds) s."
            case .other(let sentence): sentence
            }
        }
    }

    package var room: Room
    /// Goes into the form as `_csrf`.
    package var formToken: String
    package var refusal: Refusal?
    /// Of the answer.
    package var status: Int
}

/// Writes such a page.
package typealias SignInPage = @Sendable (SignInView) -> OutboundAnswer

/// The page in its plainest form.
package enum PlainSignInPage {
    package static func answer(_ view: SignInView) -> OutboundAnswer {
        var html = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Martlet</title><h1>Martlet</h1>"
        if let refusal = view.refusal { html += "<p role=\"alert\">\(escaped(refusal.sentence))</p>" }
        let token = hidden("_csrf", view.formToken)
        switch view.room {
        case .login(let name, let back, let isProviderOffered):
            html += "<form method=\"post\" action=\"/login\">" + token + hidden("back", back)
            html += field("name", "Name", "text", "username", name) + password("current-password")
            html += "<button>Sign in</button></form>"
            if isProviderOffered { html += "<p><a href=\"/login/oidc\">Sign in with the identity provider</a></p>" }
        case .noAccount:
            html += "<p>There is no account yet. The server's log has the link that makes the first one.</p>"
        case .setup(let link, let name):
            html += "<form method=\"post\" action=\"/setup\">" + token + hidden("token", link)
            html +=
                field("name", "Name", "text", "username", name) + field("email", "Mail address", "email", "email", "")
            html += password("new-password") + "<button>Make the first account</button></form>"
        case .invitation(let ticket, let name):
            html += "<form method=\"post\" action=\"/invite\">" + token + hidden("ticket", ticket)
            html += "<p>\(escaped(name))</p>" + password("new-password") + "<button>Set the password</button></form>"
        case .refused(let back):
            html += "<p><a href=\"\(escaped(back))\">Go on</a></p>"
        }
        return OutboundAnswer(status: view.status, headers: headers, content: .bytes(Array(html.utf8)))
    }

    /// Nothing is loaded from anywhere, and no other site shows the page in a frame.
    private static let headers: HTTPHeaders = [
        ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"),
        ("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"),
        ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
    ]

    private static func hidden(_ name: String, _ value: String) -> String {
        "<input type=\"hidden\" name=\"\(name)\" value=\"\(escaped(value))\">"
    }

    private static func field(
        _ name: String, _ label: String, _ type: String, _ completion: String, _ value: String
    ) -> String {
        "<p><label>\(label) <input name=\"\(name)\" type=\"\(type)\" autocomplete=\"\(completion)\" "
            + "value=\"\(escaped(value))\"></label></p>"
    }

    private static func password(_ completion: String) -> String {
        "<p><label>Password <input name=\"password\" type=\"password\" autocomplete=\"\(completion)\"></label></p>"
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
