// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
package import HTTPMessages
internal import StructuredData
package import Timekeeping

/// Tells a forge a status, call by call.
package struct StatusPosting: Sendable {
    private let calls: StatusCalls
    private let forge: ForgeKind
    private let transport: HTTPTransport

    package init(_ address: ForgeAddress, route: StatusRoute, token: String, transport: @escaping HTTPTransport) {
        calls = StatusCalls(address, route: route, token: token)
        forge = address.forge
        self.transport = transport
    }

    /// Goes on from `progress`, and leaves in it how far it came, also where the verdict is to try again.
    ///
    /// - Parameter progress: for another state of the same check run, a new one with its `checkRunID`.
    package func post(
        _ status: CommitStatus, progress: inout PostingProgress, now: Timestamp
    ) async -> ForgeVerdict {
        while let call = calls.next(status, progress) {
            let verdict: ForgeVerdict
            do {
                let answer = try await transport(call)
                verdict = ForgeVerdict(answer, from: forge, what: what(status), now: now)
                if verdict == .done { note(answer, call, status, &progress) }
            } catch {
                verdict = ForgeVerdict(noAnswer: error)
            }
            guard verdict == .done else { return verdict }
            if call.url.hasSuffix("/check-runs"), progress.checkRunID == nil {
                return .givenUp(
                    Diagnostic(.forgeAnswerMalformed, "\(forge.title) made a check run and did not say its number."))
            }
        }
        return .done
    }

    private func note(
        _ answer: HTTPAnswer, _ call: HTTPCall, _ status: CommitStatus, _ progress: inout PostingProgress
    ) {
        progress.isStateSent = true
        let sent = progress.annotationsSent + ForgeLimits.annotationsACall
        progress.annotationsSent = min(sent, status.output?.annotations.count ?? 0)
        if progress.checkRunID == nil, call.url.hasSuffix("/check-runs") {
            progress.checkRunID = (try? DataValue(json: answer.body))?["id"]?.int
        }
    }

    private func what(_ status: CommitStatus) -> String {
        "the status '\(status.context.shortened(to: 100))' of \(status.sha.prefix(8)) was told"
    }
}
