// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
package import GitHubWorkflows
internal import PatternMatching
package import PipelineModel

/// Whether a workflow's triggers take an event, and what decided.
package struct TriggerMatch: Sendable {
    package var isMatch: Bool
    package var reason: Reason

    /// Source: "Events that trigger workflows" and "Workflow syntax" (`on.<event>.<filter>`) of GitHub's documentation.
    package init(_ triggers: [WorkflowTrigger], _ facts: TriggerFacts) {
        guard let trigger = triggers.first(where: { $0.event == facts.event }) else {
            let names = triggers.map(\.event).joined(separator: ", ")
            let text =
                triggers.isEmpty
                ? "The workflow names no event, so that nothing triggers it."
                : "The workflow is triggered by \(names), not by \(facts.event)."
            self.init(false, text)
            return
        }
        for check in [Self.activity, Self.reference, Self.paths] {
            if let refusal = check(trigger, facts) {
                self.init(false, refusal)
                return
            }
        }
        self.init(true, "The workflow is triggered by \(facts.event)\(Self.onWhat(facts)).")
    }

    private init(_ isMatch: Bool, _ text: String) {
        self.isMatch = isMatch
        reason = Reason(isMatch ? .included : .triggerFilter, text)
    }

    private static func onWhat(_ facts: TriggerFacts) -> String {
        facts.ref.map { " on \($0)" } ?? ""
    }

    /// The activity types that an event has where `types` is not given.
    private static let defaultActivities: [String: Set<String>] = [
        "pull_request": ["opened", "synchronize", "reopened"],
        "pull_request_target": ["opened", "synchronize", "reopened"],
    ]

    private static func activity(_ trigger: WorkflowTrigger, _ facts: TriggerFacts) -> String? {
        guard let activity = facts.activity else { return nil }
        if let types = trigger.filters.types {
            guard !types.contains(where: { $0.text == activity }) else { return nil }
            return "The activity '\(activity)' is not among its types: \(list(types))."
        }
        guard let defaults = defaultActivities[trigger.event], !defaults.contains(activity) else { return nil }
        return
            "Without 'types', \(trigger.event) takes \(defaults.sorted().joined(separator: ", ")), not '\(activity)'."
    }

    private static func reference(_ trigger: WorkflowTrigger, _ facts: TriggerFacts) -> String? {
        let filters = trigger.filters
        switch trigger.event {
        case "push":
            if GitReference.isTag(facts.ref) {
                if filters.tags == nil, filters.tagsIgnore == nil {
                    let hasBranches = filters.branches != nil || filters.branchesIgnore != nil
                    return hasBranches ? "It filters by branches only, and \(facts.ref ?? "") is a tag." : nil
                }
                let tag = GitReference.shortName(facts.ref)
                return selected(tag, "tags", filters.tags, filters.tagsIgnore)
            }
            if filters.branches == nil, filters.branchesIgnore == nil {
                let hasTags = filters.tags != nil || filters.tagsIgnore != nil
                return hasTags ? "It filters by tags only, and \(facts.ref ?? "this push") is a branch." : nil
            }
            return selected(GitReference.shortName(facts.ref), "branches", filters.branches, filters.branchesIgnore)
        case "pull_request", "pull_request_target", "merge_group":
            guard let base = facts.baseBranch else { return nil }
            return selected(base, "branches", filters.branches, filters.branchesIgnore)
        case "workflow_run":
            return selected(GitReference.shortName(facts.ref), "branches", filters.branches, filters.branchesIgnore)
        default:
            return nil
        }
    }

    private static func selected(
        _ name: String, _ key: String, _ patterns: [LocatedText]?, _ ignored: [LocatedText]?
    ) -> String? {
        do throws(PatternError) {
            if let patterns {
                let verdict = try FilterPatternList(sources: patterns.map(\.text)).selection(of: name)
                guard !verdict.isSelected else { return nil }
                guard let index = verdict.decidingPattern else {
                    return "'\(name)' matches none of \(key): \(Self.list(patterns))."
                }
                return "'\(name)' is taken out by '\(patterns[index].text)' in \(key)."
            }
            if let ignored {
                let verdict = try FilterPatternList(sources: ignored.map(\.text)).ignoring(of: name)
                guard verdict.isSelected, let index = verdict.decidingPattern else { return nil }
                return "'\(name)' is ignored by '\(ignored[index].text)' in \(key)-ignore."
            }
        } catch {
            return broken(patterns == nil ? key + "-ignore" : key, error)
        }
        return nil
    }

    /// GitHub refuses a file with such a pattern: nothing starts.
    private static func broken(_ key: String, _ error: PatternError) -> String {
        "Its filter '\(key)' cannot be read. \(error.diagnostic.code): \(error.diagnostic.message)"
    }

    private static func paths(_ trigger: WorkflowTrigger, _ facts: TriggerFacts) -> String? {
        let takesPaths = ["push", "pull_request", "pull_request_target"].contains(trigger.event)
        guard takesPaths, let changed = facts.changedPaths, changed.count <= TriggerFacts.changedPathLimit,
            !GitReference.isTag(facts.ref)
        else { return nil }
        let shown = changed.prefix(3).joined(separator: ", ") + (changed.count > 3 ? ", …" : "")
        let filters = trigger.filters
        do throws(PatternError) {
            if let paths = filters.paths, try FilterPatternList(sources: paths.map(\.text)).filtersOut(changed) {
                let what =
                    changed.isEmpty ? "No file changed, so none" : "Of \(changed.count) changed files (\(shown)) none"
                return "\(what) matches paths: \(Self.list(paths))."
            }
            if let ignored = filters.pathsIgnore,
                try FilterPatternList(sources: ignored.map(\.text)).ignoresAll(changed)
            {
                let what =
                    changed.isEmpty
                    ? "No file changed, so none is left by"
                    : "All \(changed.count) changed files (\(shown)) are ignored by"
                return "\(what) paths-ignore: \(Self.list(ignored))."
            }
        } catch {
            return broken(filters.paths == nil ? "paths-ignore" : "paths", error)
        }
        return nil
    }

    private static func list(_ patterns: [LocatedText]) -> String {
        patterns.map { "'\($0.text)'" }.joined(separator: ", ")
    }
}
