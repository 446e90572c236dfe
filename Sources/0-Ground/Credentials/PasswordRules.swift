// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// What a password must be: long enough, and none of the first that are tried.
///
/// Source: NIST SP 800-63B, section 5.1.1.2: length counts, composition rules do not; compare with what is commonly used
/// and with the context.
package enum PasswordRules {
    /// In characters.
    package static let minimumLength = 10
    /// In bytes of UTF-8. Longer ones are refused before anything is derived.
    package static let maximumBytes = 1024
    /// Fewer different characters than this are no password, however long.
    package static let minimumVariety = 4

    /// Says why a password cannot be taken.
    ///
    /// - Parameter names: what stands on the account: its name, its mail address, the product's name.
    /// - Throws: ``DiagnosticCode/passwordRefused``.
    package static func check(_ password: String, names: [String]) throws(DiagnosticError) {
        if password.count < minimumLength { throw refused("is shorter than \(minimumLength) characters") }
        if password.utf8.count > maximumBytes { throw refused("is longer than \(maximumBytes) bytes") }
        let folded = password.lowercased()
        let letters = folded.filter { $0.isLetter || $0.isNumber }
        if Set(folded).count < minimumVariety { throw refused("repeats a few characters") }
        if worst.contains(folded) || worst.contains(letters) || isSequence(folded) {
            throw refused("is among the first that are tried")
        }
        for name in names.map({ $0.lowercased() }) where !name.isEmpty {
            let bare = name.filter { $0.isLetter || $0.isNumber }
            if folded == name || letters == bare || letters == bare + bare || letters == String(bare.reversed()) {
                throw refused("is the account's own name or address")
            }
        }
    }

    static func isDerivable(_ password: String) -> Bool { (1...maximumBytes).contains(password.utf8.count) }

    private static func refused(_ why: String) -> DiagnosticError {
        DiagnosticError(
            .passwordRefused, "The password \(why).",
            remedy:
                "Take at least \(minimumLength) characters; four words that have nothing to do with each other are good."
        )
    }

    /// Each character follows the one before it, upwards or downwards: `abcdefghij`, `9876543210`.
    private static func isSequence(_ text: String) -> Bool {
        let scalars = text.unicodeScalars.map { Int($0.value) }
        let steps = zip(scalars, scalars.dropFirst()).map { ($1 - $0 + 10) % 10 }
        let isRun = zip(scalars, scalars.dropFirst()).allSatisfy { $1 - $0 == 1 }
        let isFall = zip(scalars, scalars.dropFirst()).allSatisfy { $1 - $0 == -1 }
        let isDigits = scalars.allSatisfy { (48...57).contains($0) }
        return isRun || isFall || isDigits && (steps.allSatisfy { $0 == 1 } || steps.allSatisfy { $0 == 9 })
    }

    /// In lower case and of ten characters or more: what is shorter is refused for its length.
    private static let worst: Set<String> = [
        "1234567890", "12345678910", "123456789a", "123456789q", "1q2w3e4r5t", "1q2w3e4r5t6y", "1qaz2wsx3edc",
        "1qazxsw23edc", "qwertyuiop", "qwerty12345", "qwerty123456", "qwertyuiop123", "qwerty1234", "asdfghjkl1",
        "asdfghjkl123", "asdfghjkl;", "zxcvbnm123", "zxcvbnm,./", "password12", "password123", "password1234",
        "password12345", "password123456", "password2024", "password2025", "password2026", "passwordpassword",
        "passw0rd123", "p@ssword123", "p@ssw0rd123", "p4ssw0rd123", "p@ssw0rd1234", "mypassword", "mypassword1",
        "mypassword123", "letmein123", "letmein1234", "letmeinnow", "welcome123", "welcome1234", "welcome2024",
        "welcome2025", "welcome2026", "iloveyou12", "iloveyou123", "iloveyou1234", "administrator", "adminadmin",
        "admin12345", "admin123456", "administrator1", "administrator123", "rootrootroot", "changeme123",
        "changemenow", "changeme1234", "default123", "superman123", "football123", "baseball123", "basketball",
        "monkey12345", "dragon12345", "sunshine123", "princess123", "abcd123456", "abcdef1234", "abc1234567",
        "abcdefghij", "abcabcabcabc", "a1b2c3d4e5", "a123456789", "q123456789", "aa12345678", "1111111111",
        "0000000000", "1212121212", "0123456789", "9876543210", "0987654321", "1234512345", "1122334455",
        "112233445566", "147258369a", "testtest123", "test123456", "testing123", "testing1234", "secret1234",
        "secret12345", "supersecret", "topsecret1", "trustno1234", "whatever123", "computer123", "internet123",
        "samsung123", "google12345", "michael123", "jenkins123", "jenkins1234", "github1234", "gitlab1234",
        "martlet123", "martlet1234", "martletmartlet", "correcthorsebatterystaple", "thisisapassword",
        "minecraft123", "pokemon1234", "starwars123", "summer2024", "summer2025", "summer2026", "winter2024",
        "winter2025", "winter2026", "spring2025", "spring2026", "autumn2025", "autumn2026",
    ]
}
