// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import GitHubWorkflows
internal import YAMLReading

extension Rule {
    /// Scopes of the token, and what each may be set to.
    static let permissions = Rule("permissions") { workflow, findings in
        checkPermissions(workflow.outline.root["permissions"], &findings)
        for job in workflow.outline.jobs { checkPermissions(job.node["permissions"], &findings) }
    }

    private static func levels(of scope: PermissionScope) -> [String] {
        (scope.hasRead ? ["read"] : []) + (scope.greatest == .write ? ["write"] : []) + ["none"]
    }

    private static func checkPermissions(_ node: YAMLNode?, _ findings: inout Findings) {
        guard let node else { return }
        let names = PermissionScope.allCases.map(\.rawValue)
        if let text = node.text, !node.isNull, !["read-all", "write-all"].contains(text) {
            findings.warn(
                .unknownPermission, "'\(Wording.excerpt(text))' is not a permission for all scopes.",
                at: node.position, remedy: "Use 'read-all', 'write-all', '{}', or a mapping of scopes.")
        }
        for entry in node.entries ?? [] {
            guard let scope = entry.key.text, scope != "<<" else { continue }
            guard let known = PermissionScope(rawValue: scope) else {
                let meant = Wording.nearest(to: scope, among: names)
                findings.warn(
                    .unknownPermissionScope, "The token has no scope '\(Wording.excerpt(scope))'.",
                    at: entry.key.position,
                    remedy: meant.map { "Did you mean '\($0)'?" } ?? "Use \(Wording.choice(names)).")
                continue
            }
            let levels = levels(of: known)
            guard let level = entry.value.text, !level.isEmpty, !levels.contains(level) else { continue }
            findings.warn(
                .unknownPermission, "'\(scope)' cannot be '\(Wording.excerpt(level))'.", at: entry.value.position,
                remedy: "Use \(Wording.choice(levels)).")
        }
    }
}
