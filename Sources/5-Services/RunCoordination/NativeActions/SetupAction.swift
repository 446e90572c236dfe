// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import StepExecution
internal import StructuredData

/// The actions that set a language up, built in: from the tool cache or what is installed. Nothing is fetched.
struct SetupAction: Sendable {
    enum Language: String, CaseIterable, Sendable {
        case node = "setup-node"
        case python = "setup-python"
        case go = "setup-go"
        case java = "setup-java"
    }

    let job: NativeJob
    let language: Language

    /// What an action was asked for, read on the loop's thread.
    struct Wish: Sendable {
        private let inputs: [FileCommandPairs.Pair]
        var search: ToolSearch
        var folders: StepFolders
        var github: String

        init(_ call: NativeActionCall, _ folders: StepFolders) {
            inputs = call.inputs.map { .init($0.name.lowercased(), call.text($0.name)) }
            search = ToolSearch(call, folders)
            self.folders = folders
            github = call.github["repository_owner"]?.string ?? ""
        }

        func text(_ name: String) -> String { inputs.last { $0.name == name }?.value ?? "" }
        func isOff(_ name: String) -> Bool { text(name).lowercased() == "false" }
        func isOn(_ name: String) -> Bool { text(name).lowercased() == "true" }
        func lines(_ name: String) -> [String] {
            text(name).split(whereSeparator: \.isNewline).map { $0.trimmingBlanks() }.filter { !$0.isEmpty }
        }
        func architecture(_ own: String = ToolSearch.architecture) -> String {
            text("architecture").isEmpty ? own : text("architecture")
        }
    }

    var action: NativeAction {
        { call in
            let language = language
            call.checkNames(Self.inputNames(language))
            let wish = Wish(call, job.folders(call))
            call.perform("Martlet's own \(language.rawValue)") { () throws(DiagnosticError) in
                var report = NativeReport()
                switch language {
                case .node: try SetupNode.run(wish, &report)
                case .python: try SetupPython.run(wish, &report)
                case .go: try SetupGo.run(wish, &report)
                case .java: try SetupJava.run(wish, &report)
                }
                if !wish.text("cache").isEmpty, !wish.isOff("cache") {
                    report.line("'cache' has no effect here: the tool's own cache in the home folder is used as it is.")
                }
                if wish.isOn("check-latest") {
                    report.line("'check-latest' is not looked at: nothing is fetched.")
                }
                return report
            }
            return call.stop.ask
        }
    }

    private static func inputNames(_ language: Language) -> [String] {
        let common = ["architecture", "check-latest", "token", "cache", "cache-dependency-path"]
        switch language {
        case .node:
            return common + [
                "always-auth", "node-version", "node-version-file", "registry-url", "scope", "mirror", "mirror-token",
                "package-manager-cache",
            ]
        case .python:
            return common + [
                "python-version", "python-version-file", "update-environment", "allow-prereleases", "freethreaded",
                "pip-version", "pip-install",
            ]
        case .go: return common + ["go-version", "go-version-file", "go-download-base-url"]
        case .java:
            return common + [
                "java-version", "java-version-file", "distribution", "java-package", "jdk-file", "jdkFile",
                "force-download", "set-default", "verify-signature", "verify-signature-public-key", "server-id",
                "server-username-env-var", "server-username", "server-password-env-var", "server-password",
                "mvn-server-credentials", "mvn-repositories", "mvn-repositories-include-central",
                "mvn-repositories-prioritize-central", "settings-path", "overwrite-settings", "gpg-private-key",
                "gpg-passphrase-env-var", "gpg-passphrase", "cache-jdk", "cache-path", "cache-read-only", "job-status",
                "mvn-toolchain-id", "mvn-toolchain-vendor", "show-download-progress", "problem-matcher",
            ]
        }
    }
}

extension NativeReport {
    mutating func set(_ name: String, _ value: String) { handover.environment.append(.init(name, value)) }
    /// The one that is added last comes first on the `PATH`.
    mutating func addPath(_ path: String) { handover.paths.append(path) }
}
