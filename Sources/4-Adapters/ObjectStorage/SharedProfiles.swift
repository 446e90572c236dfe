// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess

/// The two files that the tools of AWS share: `~/.aws/credentials` and `~/.aws/config`.
///
/// Source: "Shared config and credentials files", AWS SDKs and Tools Reference Guide.
struct SharedProfiles: Sendable {
    /// Settings of a profile, by their names in small letters.
    private(set) var settings: [String: String] = [:]
    let profile: String
    private(set) var isNamed: Bool

    private static let limitBytes = 1 << 20

    /// - Parameter profile: `nil`: `AWS_PROFILE`, else `default`.
    /// - Throws: ``DiagnosticCode/storageCredentialsMissing`` where a profile that was asked for is in neither file.
    init(profile wanted: String?, environment: [String: String]) throws(DiagnosticError) {
        let named = wanted ?? environment["AWS_PROFILE"].flatMap { $0.isEmpty ? nil : $0 }
        profile = named ?? "default"
        isNamed = named != nil
        let home = environment["HOME"] ?? "/"
        let credentials = environment["AWS_SHARED_CREDENTIALS_FILE"] ?? home + "/.aws/credentials"
        let config = environment["AWS_CONFIG_FILE"] ?? home + "/.aws/config"
        var isThere = false
        // What both say counts as the credentials say it.
        for (path, headings) in [
            (config, [profile == "default" ? "default" : "profile \(profile)"]), (credentials, [profile]),
        ] {
            guard let bytes = try Files.readIfPresent(path, limit: Self.limitBytes) else { continue }
            isThere = read(String(decoding: bytes, as: UTF8.self), headings) || isThere
        }
        guard isThere || !isNamed else {
            throw DiagnosticError(
                .storageCredentialsMissing, "There is no profile '\(profile)' in \(credentials) or \(config).",
                remedy:
                    "Name one that is there by AWS_PROFILE, or give the keys by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            )
        }
    }

    private mutating func read(_ text: String, _ headings: [String]) -> Bool {
        var isInside = false
        var isThere = false
        for line in text.split(whereSeparator: \.isNewline) {
            // A setting of settings is indented: none of them is needed here.
            guard let first = line.first, !first.isWhitespace, first != "#", first != ";" else { continue }
            if first == "[" {
                let heading = line.dropFirst().prefix { $0 != "]" }.split(whereSeparator: \.isWhitespace)
                isInside = headings.contains(heading.joined(separator: " "))
                isThere = isThere || isInside
            } else if isInside, let sign = line.firstIndex(of: "=") {
                let name = Self.trimmed(line[..<sign]).lowercased()
                settings[name] = Self.trimmed(Self.withoutRemark(line[line.index(after: sign)...]))
            }
        }
        return isThere
    }

    /// ` # …` and ` ; …` at the end are remarks.
    private static func withoutRemark(_ text: Substring) -> Substring {
        let marks = [" #", " ;", "\t#", "\t;"].compactMap { text.firstRange(of: $0)?.lowerBound }
        return marks.min().map { text[..<$0] } ?? text
    }

    private static func trimmed(_ text: Substring) -> String {
        let words = text.drop(while: \.isWhitespace)
        return String(words.reversed().drop(while: \.isWhitespace).reversed())
    }

    /// The keys of the profile; `nil` where it has none.
    ///
    /// - Throws: where it gets them in a way that is not read here.
    func key() throws(DiagnosticError) -> AccessKey? {
        if let id = settings["aws_access_key_id"], let secret = settings["aws_secret_access_key"] {
            return AccessKey(id: id, secret: secret, sessionToken: settings["aws_session_token"])
        }
        let others = ["role_arn", "sso_session", "sso_start_url", "credential_process"]
        if let other = others.first(where: { settings[$0] != nil }) {
            throw DiagnosticError(
                .storageCredentialsMissing,
                "The profile '\(profile)' gets its keys by '\(other)', which is not done here.",
                remedy: "Export them: aws configure export-credentials --profile \(profile) --format env.")
        }
        return nil
    }
}
