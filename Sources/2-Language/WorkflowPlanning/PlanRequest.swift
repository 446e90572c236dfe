// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StructuredData

/// What a plan is asked for: the event, the choice of jobs, and what is to be had on this machine.
package struct PlanRequest {
    package var facts: TriggerFacts
    /// Job ids that the user asked for, with all they need; empty: all.
    package var selectedJobs: Set<String> = []
    /// Matrix values that the user asked for: legs that differ are left out.
    package var selectedMatrix: [String: String] = [:]
    /// Contexts that are known before anything runs: `github`, `vars`.
    package var contexts: [String: DataValue] = [:]
    package var runners: RunnerOffer
    /// Finds an action's definition; called for each step, so that it had better remember what it read.
    package var actionLookup: (ActionReference) -> ActionFinding

    /// Why there are no containers here, as sentences; `nil`: there are. Asked only where something needs one.
    package var missingContainers: () -> String? = { "No container engine was looked for." }

    /// Where workflows of other repositories were looked for, as a sentence's end.
    package var missingWorkflows = "there is no source of other repositories"

    package init(
        facts: TriggerFacts, runners: RunnerOffer = RunnerOffer(),
        actionLookup: @escaping (ActionReference) -> ActionFinding = { _ in .unknownYet }
    ) {
        self.facts = facts
        self.runners = runners
        self.actionLookup = actionLookup
    }
}

/// What looking for an action came to.
package enum ActionFinding: Sendable {
    /// - Parameter commit: of the git repository that it was read from.
    case found(ActionDefinition, commit: String?)
    /// A local path that is not there now; a step before it may bring it.
    case unknownYet
    /// It is not to be had here: where it was looked for.
    case unavailable(String)
}

/// The runner labels that this machine answers to.
package struct RunnerOffer: Sendable {
    /// In lower case.
    package var labels: Set<String>

    /// What a Linux machine runs: GitHub's Linux labels, and the ones that every self-hosted Linux runner has.
    package init(extraLabels: [String] = []) {
        labels = [
            "ubuntu-latest", "ubuntu-26.04", "ubuntu-24.04", "ubuntu-22.04", "ubuntu-20.04", "ubuntu-slim",
            "self-hosted",
            "linux", "local", Self.architecture,
        ]
        labels.formUnion(extraLabels.map { $0.lowercased() })
    }

    /// Whatever is asked for: somebody else decides who takes it.
    package static let any: RunnerOffer = {
        var offer = RunnerOffer()
        offer.takesAll = true
        return offer
    }()

    private var takesAll = false

    /// As runner labels name it.
    private static var architecture: String {
        #if arch(arm64)
            "arm64"
        #else
            "x64"
        #endif
    }

    /// Why a job with these labels cannot run here; `nil` where it can.
    package func refusal(of wanted: [String]) -> Reason? {
        if takesAll { return nil }
        guard let missing = wanted.first(where: { !labels.contains($0.lowercased()) }) else { return nil }
        return Reason(
            .unavailable,
            "No runner has the label '\(missing)' here; --label \(missing) makes this machine answer to it all the same."
        )
    }

    /// The labels of an evaluated `runs-on`: a text, a list, or a mapping with `labels`.
    package static func labels(of runsOn: DataValue) -> [String] {
        switch runsOn {
        case .string(let label): [label]
        case .array(let items): items.compactMap(\.string)
        case .object(let object): object["labels"].map(labels) ?? []
        default: []
        }
    }
}
