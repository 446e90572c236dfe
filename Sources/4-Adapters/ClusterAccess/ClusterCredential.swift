// SPDX-License-Identifier: Apache-2.0

internal import Credentials
package import Diagnostics
internal import FileAccess
internal import HTTPMessages
internal import ThreadExecution
internal import Timekeeping

/// What is shown with each request: kept for as long as it is good, and got anew before it ends.
actor ClusterCredential {
    struct Shown: Hashable, Sendable {
        /// The value of the header `Authorization`.
        var header: String?
        var identity: ClusterIdentity
    }

    private let configuration: ClusterConfiguration
    private let environment: [String: String]
    private let now: @Sendable () -> Int64
    private var kept: (shown: Shown, until: Int64)?

    /// A token's file is read again after so long: clusters change them about every hour.
    private static let fileMs: Int64 = 60_000
    /// Of what says no end itself.
    private static let programMs: Int64 = 10 * 60_000
    /// Got anew so long before its end.
    private static let marginMs: Int64 = 30_000
    private static let limitBytes = 1 << 16

    init(
        _ configuration: ClusterConfiguration, environment: [String: String],
        now: @escaping @Sendable () -> Int64 = { Timestamp.now().milliseconds }
    ) {
        self.configuration = configuration
        self.environment = environment
        self.now = now
    }

    /// The cluster did not take it: the next one is got anew.
    func forget() { kept = nil }

    func shown() async throws(DiagnosticError) -> Shown {
        if let kept, now() < kept.until { return kept.shown }
        let (shown, until) = try await fetch()
        kept = (shown, until)
        return shown
    }

    private func fetch() async throws(DiagnosticError) -> (Shown, until: Int64) {
        var shown = Shown(header: nil, identity: configuration.identity)
        switch configuration.credential {
        case .none: return (shown, .max)
        case .token(let token):
            shown.header = "Bearer \(token)"
            return (shown, .max)
        case .tokenFile(let path):
            guard let text = try Files.readIfPresent(path, limit: Self.limitBytes) else {
                throw DiagnosticError(
                    .clusterCredential, "The file '\(path)' with the token for the cluster is not there.",
                    remedy: "Correct the path in the kubeconfig.")
            }
            shown.header = "Bearer " + String(decoding: text, as: UTF8.self).filter { !$0.isWhitespace }
            return (shown, now() + Self.fileMs)
        case .password(let user, let password):
            shown.header = "Basic " + Base64Text.text(Array("\(user):\(password)".utf8), .standard, isPadded: true)
            return (shown, .max)
        case .program(let program):
            let environment = environment
            let given = try await BlockingWork.attempt { () throws(DiagnosticError) in try program.ask(environment) }
            shown.header = given.token.map { "Bearer \($0)" }
            if let certificate = given.certificate, let key = given.key {
                shown.identity.certificate = certificate
                shown.identity.key = key
            }
            return (shown, (given.endsAt ?? now() + Self.programMs) - Self.marginMs)
        }
    }
}
