// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// What a job's parts must be where they are known before the run.
extension WorkflowConversion {
    mutating func checkRunsOn(_ token: TemplateToken) {
        guard let group = token["group"], let name = group.string else { return }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 2, parts[1].isEmpty {
            log.error(.runnerGroupInvalid, "Invalid runs-on group name '\(name)'.", at: group.place)
        } else if parts.count > 2
            || (parts.count == 2 && !["org", "organization", "ent", "enterprise"].contains(parts[0]))
        {
            log.error(
                .runnerGroupInvalid,
                "Invalid runs-on group name '\(name)'. Please use 'organization/' or 'enterprise/' prefix to target a "
                    + "single runner group.", at: group.place)
        }
    }

    mutating func checkStrategy(_ token: TemplateToken) {
        guard let matrix = token["matrix"], let entries = matrix.entries else { return }
        var hasVector = false
        var hasInclude = false
        for entry in entries {
            guard let name = entry.key.string else {
                hasVector = true
                continue
            }
            switch name {
            case "include": hasInclude = entry.value.items?.isEmpty != true
            case "exclude": break
            default:
                hasVector = true
                if entry.value.items?.isEmpty == true {
                    log.error(
                        .matrixEmpty, "Matrix vector '\(name)' does not contain any values", at: entry.value.place)
                }
            }
        }
        if !hasVector && !hasInclude {
            log.error(.matrixEmpty, "Matrix must define at least one vector", at: matrix.place)
        }
        // An expression anywhere puts the rest off until the run, as on GitHub.
        if !token.holdsExpression { checkFilters(of: matrix) }
    }

    private mutating func checkFilters(of matrix: TemplateToken) {
        var vectors: Set<String> = []
        for entry in matrix.entries ?? [] {
            if let name = entry.key.string, name != "include", name != "exclude" { vectors.insert(name.lowercased()) }
        }
        for item in matrix["include"]?.items ?? [] where item.entries?.isEmpty == true {
            log.error(.matrixEmpty, "Matrix include mapping does not contain any values", at: item.place)
        }
        for item in matrix["exclude"]?.items ?? [] {
            guard let entries = item.entries, !entries.isEmpty else {
                log.error(.matrixEmpty, "Matrix exclude filter must not be empty", at: item.place)
                continue
            }
            for entry in entries {
                guard let name = entry.key.string, !vectors.contains(name.lowercased()) else { continue }
                log.error(
                    .matrixKeyUnknown, "Matrix exclude key '\(name)' does not match any key within the matrix",
                    at: entry.key.place)
            }
        }
    }

    mutating func checkServices(_ token: TemplateToken) {
        // One expression anywhere puts the check off until the run, as on GitHub.
        guard !token.holdsExpression else { return }
        for entry in token.entries ?? [] { checkContainer(entry.value, isService: true) }
    }

    /// An image must be named; only the short form of a job's own container may be empty (no container then).
    mutating func checkContainer(_ token: TemplateToken, isService: Bool) {
        guard !token.holdsExpression else { return }
        var isEmpty = true
        var isFault = true
        if let image = token.string ?? token["image"]?.string {
            let prefix = "docker://"
            let isPrefixed = image.hasPrefix(prefix)
            isEmpty = isPrefixed ? image.utf8.count == prefix.utf8.count : image.isEmpty
            isFault = isPrefixed || isService
        }
        if isEmpty && isFault {
            log.error(.containerImageEmpty, "Container image cannot be empty", at: token.place)
        }
    }

    mutating func checkSnapshot(_ token: TemplateToken) {
        if let condition = token["if"] { _ = self.condition(condition, .stepCondition) }
        guard let version = token["version"]?.string else { return }
        let parts = version.split(separator: ".", omittingEmptySubsequences: false)
        let isMajor = parts.first.map { !$0.isEmpty && $0.utf8.count < 10 && Int($0) != nil && !$0.hasPrefix("-") }
        guard parts.count == 2, parts[1] == "*", isMajor == true else {
            log.error(
                .snapshotVersionInvalid, "Expected format '{major-version}.*' Actual '\(version)'", at: token.place)
            return
        }
    }
}
