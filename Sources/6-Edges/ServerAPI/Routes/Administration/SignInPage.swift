// SPDX-License-Identifier: Apache-2.0

internal import HTTPServing

/// What a page for somebody who is not signed in shows.
struct SignInView: Sendable {
    enum Room: Sendable {
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

    enum Refusal: Sendable {
        case wrong
        case wait(seconds: Int64)
        /// A sentence.
        case other(String)

        }

    var room: Room
    /// Goes into the form as `_csrf`.
    var formToken: String
    var refusal: Refusal?
    /// Of the answer.
    var status: Int
}

/// Writes such a page for a request.
typealias SignInPage = @Sendable (_ view: SignInView, _ request: APIRequest) -> OutboundAnswer
