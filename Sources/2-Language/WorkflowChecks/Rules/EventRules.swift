// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PatternMatching
internal import YAMLReading

extension Rule {
    /// Event names, activity types, and which filters an event takes.
    static let events = Rule("events") { workflow, findings in
        for event in workflow.outline.events { checkEvent(event, &findings) }
        if let on = workflow.outline.root["on"], on.isNull || on.entries?.isEmpty ?? on.items?.isEmpty ?? false {
            findings.refuse(
                .emptyValue, "'on' names no event, so that nothing would ever start this workflow.", at: on.position,
                remedy: "Name at least one event.")
        }
    }

    private static func checkEvent(_ event: EventOutline, _ findings: inout Findings) {
        guard let types = EventTable.activityTypes(of: event.name) else {
            if event.name.isEmpty {
                findings.warn(.emptyValue, "'on' is empty.", at: event.position, remedy: "Name at least one event.")
                return
            }
            let meant = Wording.nearest(to: event.name, among: EventTable.names)
            findings.warn(
                .unknownEvent, "GitHub has no event '\(Wording.excerpt(event.name))'.", at: event.position,
                remedy: meant.map { "Did you mean '\($0)'?" } ?? "See 'Events that trigger workflows' in GitHub's docs."
            )
            return
        }
        if event.name == "schedule", event.node == nil || event.node?.isNull == true {
            findings.warn(
                .brokenSchedule, "'schedule' has no times.", at: event.node?.position ?? event.position,
                remedy: "Write it as a mapping: a list of '- cron:' items under 'schedule:'.")
        }
        guard let node = event.node else { return }
        checkTypes(event, types, &findings)
        checkFilters(event, &findings)
        let named = node.entry("workflows")
        if event.name == "workflow_run", named == nil, EventShapes.isWebhook(event.name) {
            findings.warn(
                .workflowRunWithoutWorkflows, "'workflow_run' names no workflow, so it never fires.",
                at: event.position, remedy: "List the workflows to wait for under 'workflows'.")
        } else if event.name != "workflow_run", let named, EventShapes.isWebhook(event.name) {
            findings.warn(
                .filterNotForEvent, "'workflows' has a meaning for 'workflow_run' only, not for '\(event.name)'.",
                at: named.key.position, remedy: "Remove it.")
        }
    }

    private static func checkTypes(_ event: EventOutline, _ known: [String], _ findings: inout Findings) {
        guard let entry = event.node?.entry("types"), event.name != "repository_dispatch" else { return }
        if known.isEmpty {
            guard EventShapes.isWebhook(event.name) else { return }
            findings.warn(
                .unknownActivityType, "'\(event.name)' has no activity types.", at: entry.key.position,
                remedy: "Remove 'types'.")
            return
        }
        for type in entry.value.textsOrList {
            guard let name = type.text, !known.contains(name), !type.hasExpression else { continue }
            let meant = Wording.nearest(to: name, among: known)
            findings.warn(
                .unknownActivityType, "'\(event.name)' has no activity type '\(Wording.excerpt(name))'.",
                at: type.position,
                remedy: meant.map { "Did you mean '\($0)'?" } ?? "Use \(Wording.choice(known.sorted())).")
        }
    }

    private static func checkFilters(_ event: EventOutline, _ findings: inout Findings) {
        guard EventShapes.isWebhook(event.name), let node = event.node else { return }
        for filter in EventTable.filters {
            let pair = [filter.name, filter.name + "-ignore"].compactMap { node.entry($0) }
            if filter.events.contains(event.name) {
                guard pair.count == 2, let last = pair.max(by: { $0.key.position < $1.key.position }) else { continue }
                findings.refuse(
                    .exclusiveFilters,
                    "'\(filter.name)' and '\(filter.name)-ignore' exclude each other, but '\(event.name)' has both.",
                    at: last.key.position,
                    remedy: "Keep '\(filter.name)' and put '!' before the patterns to leave out.")
                continue
            }
            for entry in pair {
                findings.warn(
                    .filterNotForEvent,
                    "'\(event.name)' does not take '\(entry.key.text ?? filter.name)'.", at: entry.key.position,
                    remedy: "That filter is for \(Wording.all(filter.events)).")
            }
        }
    }

    /// Patterns that are broken, that can never match, or that only take away.
    static let filterPatterns = Rule("filter patterns") { workflow, findings in
        for event in workflow.outline.events {
            guard let node = event.node, EventShapes.isWebhook(event.name) else { continue }
            for name in ["branches", "branches-ignore", "tags", "tags-ignore", "paths", "paths-ignore"] {
                guard let patterns = node[name]?.textsOrList else { continue }
                checkPatterns(patterns, name, &findings)
                // Beside a filter of the other kind, one that matches nothing leaves only its own kind out.
                let others = name == "tags" ? ["branches", "branches-ignore"] : ["tags", "tags-ignore"]
                let stands = ["branches", "tags"].contains(name) && others.contains { node[$0] != nil }
                if !stands { checkForPositive(patterns, name, &findings) }
            }
        }
        let versions = workflow.outline.event("image_version")?.node?["versions"]?.textsOrList ?? []
        checkPatterns(versions, "versions", &findings)
        for job in workflow.outline.jobs {
            guard let version = job.node["snapshot"]?["version"], !version.hasExpression else { continue }
            checkPatterns([version], "version", &findings)
        }
    }

    private static func checkPatterns(
        _ patterns: [YAMLNode], _ name: String, _ findings: inout Findings
    ) {
        let subject: FilterPattern.Subject = name.hasPrefix("paths") ? .path : .ref
        for node in patterns {
            guard let pattern = node.text, !pattern.isEmpty else { continue }
            for finding in FilterPattern.lint(pattern, as: subject) {
                var position = node.position
                if case .scalar(_, let style) = node.content, style != .literal, style != .folded {
                    position.column += finding.offset + (style == .plain ? 0 : 1)
                }
                findings.warn(
                    finding.code, "'\(name)': \(finding.message)", at: position,
                    remedy: "The pattern is '\(Wording.excerpt(pattern))'.")
            }
        }
    }

    private static func checkForPositive(_ patterns: [YAMLNode], _ name: String, _ findings: inout Findings) {
        let texts = patterns.compactMap(\.text)
        guard !name.hasSuffix("-ignore"), let first = patterns.first,
            texts.allSatisfy({ $0.hasPrefix("!") }),
            !texts.isEmpty
        else { return }
        findings.warn(
            .onlyNegativePatterns,
            "Every pattern of '\(name)' takes away ('!'), so nothing is ever matched and the event never fires.",
            at: first.position,
            remedy: "Put '**' first, or use '\(name)-ignore' without the '!'.")
    }
}

extension EventShapes {
    /// Has `types` and the branch, tag and path filters, or none; not keys of its own.
    static func isWebhook(_ event: String) -> Bool {
        !["schedule", "workflow_dispatch", "workflow_call", "repository_dispatch", "image_version"].contains(event)
    }
}
