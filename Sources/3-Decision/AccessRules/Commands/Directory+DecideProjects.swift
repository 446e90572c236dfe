// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import Timekeeping

extension Directory {
    func projectFacts(_ command: DirectoryCommand) throws(DiagnosticError) -> [DirectoryFact] {
        switch command {
        case .addProject(let settings, let admin):
            guard projects.count < AccessLimits.projects else {
                throw .directoryLimit("projects", AccessLimits.projects)
            }
            try check(settings, except: nil)
            let id = nextID(.project)
            let added = DirectoryFact.projectAdded(ProjectAdded(project: id, settings: settings))
            guard let admin else { return [added] }
            _ = try account(admin)
            return [added, .roleGranted(RoleGranted(project: id, account: admin, role: .admin))]
        case .changeProject(let id, let settings):
            guard try project(id).settings != settings else { return [] }
            try check(settings, except: id)
            return [.projectChanged(ProjectChanged(project: id, settings: settings))]
        case .removeProject(let id):
            _ = try project(id)
            return [.projectRemoved(ProjectRemoved(project: id))]
        case .setWebhookSecret(let id, let reference):
            _ = try project(id)
            return [.webhookSecretSet(WebhookSecretSet(project: id, reference: reference))]
        case .grantRole(let projectID, let accountID, let role):
            let before = try project(projectID).roles[accountID]
            _ = try account(accountID)
            guard before != role else { return [] }
            return [.roleGranted(RoleGranted(project: projectID, account: accountID, role: role))]
        case .withdrawRole(let projectID, let accountID):
            guard try project(projectID).roles[accountID] != nil else { return [] }
            return [.roleWithdrawn(RoleWithdrawn(project: projectID, account: accountID))]
        default: return []
        }
    }

    func project(_ id: EntryID) throws(DiagnosticError) -> Project {
        guard let project = projects[id] else { throw .unknownEntry("project", id.description) }
        return project
    }

    private func check(_ settings: ProjectSettings, except: EntryID?) throws(DiagnosticError) {
        try EntryText.checkProjectName(settings.name)
        try EntryText.checkCloneURL(settings.cloneURL)
        try EntryText.checkWord(settings.defaultBranch, "branch", limit: AccessLimits.addressBytes)
        guard settings.options.count <= AccessLimits.eventNames else {
            throw .directoryLimit("options of a project", AccessLimits.eventNames)
        }
        for (key, value) in settings.options {
            try EntryText.checkTitle(key, "option")
            guard value.utf8.count <= AccessLimits.urlBytes else {
                throw .directoryValue("The option \(key) is longer than \(AccessLimits.urlBytes) bytes.")
            }
        }
        if let other = project(named: settings.name), other.id != except { throw .nameTaken("project", settings.name) }
    }

    // MARK: environments and values

    func environmentFacts(_ command: DirectoryCommand, now: Timestamp) throws(DiagnosticError) -> [DirectoryFact] {
        switch command {
        case .setEnvironment(let id, let rules):
            let known = try project(id).environments
            if let before = known[rules.name.lowercased()] {
                guard before.rules != rules else { return [] }
            } else if known.count >= AccessLimits.environmentsOfAProject {
                throw .directoryLimit("environments of a project", AccessLimits.environmentsOfAProject)
            }
            try check(rules)
            return [.environmentSet(EnvironmentSet(project: id, rules: rules))]
        case .removeEnvironment(let id, let name):
            let known = try environment(id, name)
            return [.environmentRemoved(EnvironmentRemoved(project: id, environment: known.name))]
        case .freezeEnvironment(let id, let name, let freeze):
            let known = try environment(id, name)
            guard !freeze.reason.isBlank, freeze.reason.utf8.count <= AccessLimits.reasonBytes else {
                throw .directoryValue("A freeze needs a reason of at most \(AccessLimits.reasonBytes) bytes.")
            }
            guard freeze.isOn(now) else { throw .directoryValue("The freeze would be over already.") }
            guard known.freeze != freeze else { return [] }
            return [.environmentFrozen(EnvironmentFrozen(project: id, environment: known.name, freeze: freeze))]
        case .thawEnvironment(let id, let name):
            let known = try environment(id, name)
            guard known.freeze != nil else { return [] }
            return [.environmentThawed(EnvironmentThawed(project: id, environment: known.name))]
        case .setValue(let key, let digest): return try set(key, digest)
        case .removeValue(let key):
            guard values[key] != nil else { throw .unknownEntry(key.kind.rawValue, key.name) }
            return [.valueRemoved(ValueRemoved(key: key))]
        default: return []
        }
    }

    private func environment(_ id: EntryID, _ name: String) throws(DiagnosticError) -> DeploymentEnvironment {
        guard let known = try project(id).environments[name.lowercased()] else {
            throw .unknownEntry("environment", name)
        }
        return known
    }

    private func check(_ rules: EnvironmentRules) throws(DiagnosticError) {
        try EntryText.checkTitle(rules.name, "environment")
        guard rules.reviewers.count <= AccessLimits.reviewersOfAnEnvironment,
            rules.branchPatterns.count <= AccessLimits.branchPatterns
        else {
            throw .directoryLimit(
                "reviewers or branch patterns of an environment",
                min(AccessLimits.reviewersOfAnEnvironment, AccessLimits.branchPatterns))
        }
        for reviewer in rules.reviewers { _ = try account(reviewer) }
        guard Set(rules.reviewers).count == rules.reviewers.count else {
            throw .directoryValue("A reviewer of \(rules.name) is named twice.")
        }
        guard rules.reviewers.isEmpty || rules.requiredApprovals > 0 else {
            throw .directoryValue(
                "\(rules.name) has reviewers and asks for 0 approvals: nobody would be asked. Ask for 1 or more, "
                    + "or name no reviewers.")
        }
        let possible = rules.reviewers.isEmpty ? AccessLimits.reviewersOfAnEnvironment : rules.reviewers.count
        guard (0...possible).contains(rules.requiredApprovals) else {
            throw .directoryValue("\(rules.name) asks for more approvals than it has reviewers.")
        }
        guard (0...AccessLimits.waitMinutes).contains(rules.waitMinutes),
            (1...AccessLimits.waitMinutes).contains(rules.expiryMinutes), rules.waitMinutes <= rules.expiryMinutes
        else {
            throw .directoryValue(
                "\(rules.name) waits at most \(AccessLimits.waitMinutes) minutes, and no longer than it takes to expire."
            )
        }
        for pattern in rules.branchPatterns {
            try EntryText.checkWord(pattern, "branch pattern", limit: AccessLimits.addressBytes)
        }
    }

    private func set(_ key: ValueKey, _ digest: String) throws(DiagnosticError) -> [DirectoryFact] {
        try EntryText.checkValueName(key)
        switch key.place {
        case .server: break
        case .project(let id): _ = try project(id)
        case .environment(let id, let name): _ = try environment(id, name)
        }
        if let before = values[key] {
            guard before.digest != digest else { return [] }
        } else if values.keys.count(where: { $0.place == key.place }) >= AccessLimits.valuesOfAPlace {
            throw .directoryLimit("secrets and variables of one place", AccessLimits.valuesOfAPlace)
        }
        let version = (values[key]?.version ?? lastVersions[key] ?? 0) + 1
        return [.valueSet(ValueSet(key: key, version: version, digest: digest))]
    }
}
