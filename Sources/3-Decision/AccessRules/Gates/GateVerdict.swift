// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// What a gate says now.
package struct GateVerdict: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case waiting
        case approved
        case rejected
    }

    package var kind: Kind
    /// For `martlet why`.
    package var sentence: String
    /// It passed in an emergency, which is shown wherever the run is.
    package var isOverridden: Bool
}

extension DeploymentGate {
    package func verdict(now: Timestamp) -> GateVerdict {
        guard let closing else {
            return GateVerdict(kind: .waiting, sentence: sentence(now: now), isOverridden: false)
        }
        let kind: GateVerdict.Kind =
            switch closing.outcome {
            case .approved, .overridden: .approved
            case .rejected, .expired, .refused: .rejected
            }
        return GateVerdict(kind: kind, sentence: closing.sentence, isOverridden: closing.outcome == .overridden)
    }

    package var approvals: [GateReview] { reviews.filter(\.isApproval) }

    package var missingApprovals: Int { max(0, (opening?.request.rules.requiredApprovals ?? 0) - approvals.count) }

    /// What they said; of several with who said it.
    private var saidWhy: String? {
        let said = approvals.filter { $0.reason?.isBlank == false }
        if approvals.count == 1 { return said.first?.reason }
        return said.isEmpty ? nil : said.map { "\($0.name): \($0.reason ?? "")" }.joined(separator: "; ")
    }

    /// `ada, bob`.
    private var approvers: String { approvals.map(\.name).joined(separator: ", ") }

    var approvalSentence: String {
        guard let rules = opening?.request.rules else { return "" }
        if rules.requiredApprovals > 0 {
            return "\(approvers) approved the deployment to \(rules.name)" + Self.because(saidWhy)
        }
        return rules.waitMinutes > 0
            ? "The \(rules.waitMinutes) minutes of \(rules.name) are over." : "\(rules.name) asks for no approval."
    }

    /// What is missing.
    func sentence(now: Timestamp) -> String {
        guard let opening else { return "The job has not come to its environment yet." }
        let rules = opening.request.rules
        var parts: [String] = []
        if missingApprovals > 0 {
            let count = missingApprovals == 1 ? "1 approval" : "\(missingApprovals) approvals"
            let given = approvals.isEmpty ? "" : " (\(approvals.count) of \(rules.requiredApprovals): \(approvers))"
            parts.append("for \(count)\(given)")
        }
        if now < opening.waitUntil { parts.append("until \(opening.waitUntil)") }
        if let freeze, freeze.isOn(now) {
            let end = freeze.until.map { " until \($0)" } ?? ""
            parts.append("for the end of the freeze\(end) (\(freeze.reason))")
        }
        guard !parts.isEmpty else { return "Nothing is missing for \(rules.name)." }
        return "\(rules.name) waits \(parts.joined(separator: " and "))."
    }
}
