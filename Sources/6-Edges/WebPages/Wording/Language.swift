// SPDX-License-Identifier: Apache-2.0

/// The languages of the pages.
package enum Language: String, Sendable, CaseIterable {
    case english = "en"
    case korean = "ko"

    /// Its own name, as a switch shows it.
    package var ownName: String {
        switch self {
        case .english: "English"
        case .korean: "한국어"
        }
    }

    /// The cookie in which a choice is kept.
    package static let cookieName = "martlet_language"

    /// The person's own choice first, then the browser's wish (RFC 9110, section 12.5.4), then English.
    package static func chosen(cookie: String?, acceptLanguage: String?) -> Language {
        if let cookie, let language = Language(rawValue: cookie) { return language }
        return wished(acceptLanguage ?? "") ?? .english
    }

    /// The range of the highest weight that is one of ours; `*` is English.
    private static func wished(_ header: String) -> Language? {
        var best: (language: Language, weight: Double)?
        for item in header.split(separator: ",") {
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            guard let range = parts.first?.lowercased() else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            let primary = range.prefix { $0 != "-" }
            guard let language = primary == "*" ? .english : Language(rawValue: String(primary)), weight > 0,
                weight > best?.weight ?? 0
            else { continue }
            best = (language, weight)
        }
        return best?.language
    }
}

/// Light or dark, or as the system has it.
package enum Theme: String, Sendable, CaseIterable {
    case system, light, dark

    /// The cookie in which a choice is kept.
    package static let cookieName = "martlet_theme"

    package init(cookie: String?) { self = cookie.flatMap(Theme.init(rawValue:)) ?? .system }
}
