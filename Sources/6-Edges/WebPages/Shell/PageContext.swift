// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// What a page is rendered for: who asks, in which language, when. Everything else stands in the page's own value.
package struct PageContext: Sendable {
    package var language: Language
    package var theme: Theme
    /// The signed-in person's name; `nil` where nobody is.
    package var person: String?
    /// Goes into every form as `csrf`; `nil` where nobody is signed in.
    package var csrfToken: String?
    /// The request's path with its query, for the switches to come back to.
    package var path: PageAddress
    package var now: Timestamp
    /// How many things wait for this person; stands beside the room's name.
    package var waitingCount: Int
    /// Only the content of `main`: what the page's module asks for with `?fragment=main`.
    package var isFragment: Bool
    /// Shown in the foot.
    package var version: String
    /// Of a form that was refused.
    package var typed: TypedForm?

    package init(
        language: Language, theme: Theme = .system, person: String? = nil, csrfToken: String? = nil,
        path: PageAddress = .overview, now: Timestamp, waitingCount: Int = 0, isFragment: Bool = false,
        version: String = ""
    ) {
        self.language = language
        self.theme = theme
        self.person = person
        self.csrfToken = csrfToken
        self.path = path
        self.now = now
        self.waitingCount = waitingCount
        self.isFragment = isFragment
        self.version = version
    }
}

/// A page: a value that renders itself. No page reads anything.
package protocol Page: Sendable {
    /// Bytes of UTF-8: a document, or with ``PageContext/isFragment`` its `main` alone.
    func render(_ context: PageContext) -> [UInt8]
}

/// The rooms of the head.
enum Room: CaseIterable {
    case overview, approvals, settings, audit

    var words: PageText {
        switch self {
        case .overview: .overview
        case .approvals: .approvals
        case .settings: .settings
        case .audit: .audit
        }
    }

    var address: PageAddress {
        switch self {
        case .overview: .overview
        case .approvals: .approvals
        case .settings: .settings("projects")
        case .audit: .audit
        }
    }
}
