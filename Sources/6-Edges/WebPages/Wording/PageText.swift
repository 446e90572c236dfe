// SPDX-License-Identifier: Apache-2.0

/// One phrase of the pages in both languages. Each is a member of this type, with parameters where it has any: a phrase
/// that is missing, or missing in one language, does not compile.
package struct PageText: Hashable, Sendable {
    package let english: String
    package let korean: String

    init(_ english: String, _ korean: String) {
        self.english = english
        self.korean = korean
    }

    /// What is the same in every language: a name.
    static func name(_ name: String) -> PageText { PageText(name, name) }

    package func text(in language: Language) -> String {
        switch language {
        case .english: english
        case .korean: korean
        }
    }

    /// "1 job", "3 jobs".
    static func count(_ count: Int, _ one: String, _ many: String) -> String {
        "\(NumberText.grouped(count)) \(count == 1 ? one : many)"
    }
}
