// SPDX-License-Identifier: Apache-2.0

/// What is known of a published action without fetching it.
struct KnownAction: Sendable {
    struct Input: Sendable {
        var name: String
        var isRequired: Bool
        var isDeprecated: Bool
        /// The input to use in place of a deprecated one.
        var replacement: String?
    }

    /// `owner/name`, or `owner/name/path`.
    let name: String
    private let refs: String
    private let inputWords: String
    private let outputWords: String

    init(_ name: String, refs: String, inputs: String, outputs: String = "") {
        self.name = name
        self.refs = refs
        inputWords = inputs
        outputWords = outputs
    }

    /// `nil`: any input.
    var inputs: [Input]? {
        guard inputWords != "*" else { return nil }
        return inputWords.split(separator: " ").map { word in
            let isRequired = word.hasSuffix("+")
            let parts = (isRequired ? word.dropLast() : word).split(separator: "~", omittingEmptySubsequences: false)
            return Input(
                name: String(parts[0]), isRequired: isRequired, isDeprecated: parts.count > 1,
                replacement: parts.count > 1 && !parts[1].isEmpty ? String(parts[1]) : nil)
        }
    }

    /// `nil`: any output.
    var outputs: [String]? { outputWords == "*" ? nil : outputWords.split(separator: " ").map(String.init) }

    /// Whether a ref names one of the versions that the table speaks for: itself, or a release of that major version.
    func covers(_ ref: String) -> Bool {
        refs.split(separator: " ").contains { known in
            ref == known || (known.first == "v" && ref.hasPrefix(known + ".") && !known.has("."))
        }
    }

    /// `actions/checkout@v4`, from what stands under `uses`; `nil` where the version is not known here.
    static func find(_ reference: String) -> KnownAction? {
        guard let (name, ref) = split(reference) else { return nil }
        return table[name.lowercased()].flatMap { $0.covers(ref) ? $0 : nil }
    }

    /// The version needs a Node.js that GitHub's runners no longer have.
    static func isOutdated(_ reference: String) -> Bool {
        guard let (name, ref) = split(reference), let last = outdated[name.lowercased()] else { return false }
        if table[name.lowercased()]?.covers(ref) == true { return false }
        let digits = (ref.hasPrefix("v") ? ref.dropFirst() : ref[...]).prefix { $0 != "." }
        // A commit's hash may begin with digits: only a short number is a version.
        guard digits.count < 4, let major = Int(digits), ref.count < 20 else { return false }
        return major <= last
    }

    private static func split(_ reference: String) -> (name: String, ref: String)? {
        guard let at = reference.lastIndex(of: "@") else { return nil }
        return (String(reference[..<at]), String(reference[reference.index(after: at)...]))
    }

    private static let table: [String: KnownAction] = Dictionary(
        (byGitHub + byOthers).map { ($0.name.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })

    /// The last major version of an action that ran on Node.js 16 or older.
    private static let outdated: [String: Int] = Dictionary(
        outdatedWords.split(separator: " ").compactMap { word in
            guard let (name, major) = split(String(word)) else { return nil }
            return Int(major).map { (name.lowercased(), $0) }
        }, uniquingKeysWith: { first, _ in first })

    private static let outdatedWords = """
        8398a7/action-slack@2 actions-cool/issues-helper@2 actions-rs/audit-check@1 actions-rs/cargo@1 \
        actions-rs/clippy-check@1 actions-rs/toolchain@1 actions/cache@3 actions/checkout@3 \
        actions/configure-pages@3 actions/delete-package-versions@4 actions/dependency-review-action@3 \
        actions/deploy-pages@2 actions/download-artifact@3 actions/github-script@6 actions/labeler@4 \
        actions/setup-dotnet@3 actions/setup-go@4 actions/setup-java@3 actions/setup-node@3 \
        actions/setup-python@4 actions/stale@8 actions/upload-artifact@3 \
        aws-actions/configure-aws-credentials@3 azure/aks-set-context@3 Azure/container-scan@0 azure/login@1 \
        codecov/codecov-action@3 dawidd6/action-download-artifact@2 dessant/lock-threads@4 \
        docker/build-push-action@4 docker/login-action@2 docker/metadata-action@4 \
        docker/setup-buildx-action@2 docker/setup-qemu-action@2 dorny/paths-filter@2 \
        enriikke/gatsby-gh-pages-action@2 game-ci/unity-builder@3 github/codeql-action/analyze@2 \
        github/codeql-action/autobuild@2 github/codeql-action/init@2 githubocto/flat@3 \
        golangci/golangci-lint-action@3 google-github-actions/auth@1 \
        google-github-actions/get-secretmanager-secrets@1 google-github-actions/setup-gcloud@1 \
        google-github-actions/upload-cloud-storage@1 goreleaser/goreleaser-action@4 \
        gradle/wrapper-validation-action@1 haskell/actions/setup@2 \
        mikepenz/release-changelog-builder-action@3 msys2/setup-msys2@1 nwtgck/actions-netlify@2 \
        octokit/request-action@1 peaceiris/actions-gh-pages@3 peter-evans/create-or-update-comment@3 \
        peter-evans/create-pull-request@5 preactjs/compressed-size-action@1 \
        ReactiveCircus/android-emulator-runner@1 release-drafter/release-drafter@5 \
        ridedott/merge-me-action@1 shivammathur/setup-php@1 softprops/action-gh-release@1 \
        Swatinem/rust-cache@1 treosh/lighthouse-ci-action@10 wearerequired/lint-action@2
        """
}
