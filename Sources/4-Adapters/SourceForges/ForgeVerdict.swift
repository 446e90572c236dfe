// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import HTTPMessages
internal import StructuredData
package import Timekeeping

/// What a forge's answer means for who asked.
package enum ForgeVerdict: Hashable, Sendable {
    case done
    /// Ask again after this long.
    case later(Timestamp.Span, Diagnostic)
    /// Asking again changes nothing; the diagnostic says what would.
    case givenUp(Diagnostic)

    /// - Parameters:
    ///   - what: what was asked for, as in "the status of 1a2b3c4 could not be set".
    ///   - now: for an answer that names the time from which on it may be asked again.
    package init(_ answer: HTTPAnswer, from forge: ForgeKind, what: String, now: Timestamp) {
        let said = Self.message(answer)
        let shown = said.isEmpty ? "" : " It says: \(said)"
        let text = "\(forge.title) answered \(answer.status) when \(what).\(shown)"
        if answer.isSuccess || Self.isKnownState(answer, forge, said) {
            self = .done
            return
        }
        let isLimited = Self.isRateLimit(answer, said)
        switch answer.status {
        case 408, 409, 423, 425, 429, 500...599:
            self = .later(Self.wait(answer, now), Diagnostic(.forgeBusy, text))
        case 403 where isLimited:
            self = .later(Self.wait(answer, now), Diagnostic(.forgeBusy, text))
        default:
            self = .givenUp(Diagnostic(.forgeRefused, text, remedy: Self.remedy(answer.status, forge)))
        }
    }

    /// There was no answer: the network, or the forge, is away.
    package init(noAnswer error: DiagnosticError) {
        self = .later(.seconds(ForgeLimits.standardWaitSeconds), error.diagnostic)
    }

    /// GitLab refuses to set a state that the status has already, or that comes before the one that it has.
    private static func isKnownState(_ answer: HTTPAnswer, _ forge: ForgeKind, _ said: String) -> Bool {
        forge == .gitlab && (answer.status == 400 || answer.status == 409)
            && said.contains("Cannot transition status")
    }

    /// GitHub's limits are a 403 as often as a 429.
    private static func isRateLimit(_ answer: HTTPAnswer, _ said: String) -> Bool {
        answer.headers["Retry-After"] != nil || answer.headers["X-RateLimit-Remaining"] == "0"
            || said.lowercased().contains("rate limit") || said.lowercased().contains("abuse detection")
    }

    private static func wait(_ answer: HTTPAnswer, _ now: Timestamp) -> Timestamp.Span {
        var seconds = ForgeLimits.standardWaitSeconds
        if let asked = answer.headers["Retry-After"].flatMap({ Int64($0) }), asked >= 0 {
            seconds = asked
        } else if answer.headers["X-RateLimit-Remaining"] == "0",
            let reset = (answer.headers["X-RateLimit-Reset"] ?? answer.headers["RateLimit-Reset"]).flatMap({ Int64($0) }
            )
        {
            seconds = (Timestamp(milliseconds: 0) + .seconds(reset) - now).milliseconds / 1000 + 1
        }
        return .seconds(min(max(1, seconds), ForgeLimits.longestWaitSeconds))
    }

    private static func remedy(_ status: Int, _ forge: ForgeKind) -> String {
        switch status {
        case 401: "The token is wrong or has expired: give the project another."
        case 403: "The token may not do that: \(rights(forge))."
        case 404, 410: "There is no such repository or commit, or the token may not see it: \(rights(forge))."
        case 301, 302, 307, 308: "The repository has moved: change the project's address."
        case 400, 422: "The forge does not take it: the commit may be gone from it."
        default: "Look at the forge's address, and at what it says."
        }
    }

    private static func rights(_ forge: ForgeKind) -> String {
        switch forge {
        case .github: "it needs 'Commit statuses: write' (a token), or 'Checks: write' (an App that is installed there)"
        case .gitlab: "it needs the scope 'api' and the role Developer"
        case .gitea, .git: "it needs the scope 'write:repository'"
        }
    }

    /// The sentence in the answer's body, where there is one.
    private static func message(_ answer: HTTPAnswer) -> String {
        guard let body = try? DataValue(json: answer.body), let object = body.object else { return "" }
        let value = object["message"] ?? object["error"] ?? .null
        let text = value.string ?? (value == .null ? "" : value.jsonText())
        let clean = text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : Character($0) }
        return String(clean).shortened(to: 300)
    }
}
