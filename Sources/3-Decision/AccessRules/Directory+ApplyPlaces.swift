// SPDX-License-Identifier: Apache-2.0

internal import Timekeeping

extension Directory {
    // MARK: projects

    mutating func applyProject(_ fact: DirectoryFact, at time: Timestamp) {
        switch fact {
        case .projectAdded(let fact):
            count(fact.project)
            projects[fact.project] = Project(id: fact.project, settings: fact.settings, addedAt: time)
            projectsByName[fact.settings.name.lowercased()] = fact.project
        case .projectChanged(let fact):
            guard let before = projects[fact.project] else { return }
            projectsByName[before.name.lowercased()] = nil
            projects[fact.project]?.settings = fact.settings
            projectsByName[fact.settings.name.lowercased()] = fact.project
        case .projectRemoved(let fact): removeProject(fact.project)
        case .webhookSecretSet(let fact):
            let before = projects[fact.project]?.webhookSecrets.first
            projects[fact.project]?.webhookSecrets = [fact.reference] + (before.map { [$0] } ?? [])
        case .roleGranted(let fact): projects[fact.project]?.roles[fact.account] = fact.role
        case .roleWithdrawn(let fact): projects[fact.project]?.roles[fact.account] = nil
        default: break
        }
    }

    private mutating func removeProject(_ id: EntryID) {
        guard let project = projects.removeValue(forKey: id) else { return }
        formerNames[id] = project.name
        projectsByName[project.name.lowercased()] = nil
        removeTokens(of: id)
        for key in values.keys where key.place.target == .project(id) { removeValue(key) }
        for hook in hooks.values where hook.settings.project == id { removeHook(hook.id) }
        for channel in channels.values where channel.settings.project == id { removeChannel(channel.id) }
    }

    mutating func applyEnvironment(_ fact: DirectoryFact) {
        switch fact {
        case .environmentSet(let fact):
            let name = fact.rules.name.lowercased()
            let freeze = projects[fact.project]?.environments[name]?.freeze
            projects[fact.project]?.environments[name] = DeploymentEnvironment(rules: fact.rules, freeze: freeze)
        case .environmentRemoved(let fact):
            let name = fact.environment.lowercased()
            projects[fact.project]?.environments[name] = nil
            for key in values.keys where key.place == .environment(fact.project, name) { removeValue(key) }
        case .environmentFrozen(let fact):
            projects[fact.project]?.environments[fact.environment.lowercased()]?.freeze = fact.freeze
        case .environmentThawed(let fact):
            projects[fact.project]?.environments[fact.environment.lowercased()]?.freeze = nil
        default: break
        }
    }

    // MARK: runners

    mutating func applyRunner(_ fact: DirectoryFact, at time: Timestamp) {
        switch fact {
        case .registrationIssued(let fact):
            count(fact.registration)
            // What expired is of no use to anybody.
            for old in registrations.values where old.offer.expiresAt <= time { removeRegistration(old.id) }
            registrations[fact.registration] = RunnerRegistration(
                id: fact.registration, offer: fact.offer, sha256: fact.sha256, issuedAt: time)
            registrationsBySHA256[fact.sha256] = fact.registration
        case .registrationRevoked(let fact): removeRegistration(fact.registration)
        case .runnerRegistered(let fact):
            count(fact.runner)
            let isOnce = fact.registration.flatMap { registrations[$0]?.offer.isOnce } ?? false
            if isOnce, let registration = fact.registration { removeRegistration(registration) }
            runners[fact.runner] = Runner(
                id: fact.runner, traits: fact.traits, tokenSHA256: fact.sha256, registeredAt: time)
            runnersBySHA256[fact.sha256] = fact.runner
            runnersByName[fact.traits.name.lowercased()] = fact.runner
        case .runnerChanged(let fact):
            guard let before = runners[fact.runner] else { return }
            runnersByName[before.name.lowercased()] = nil
            runners[fact.runner]?.traits = fact.traits
            runners[fact.runner]?.isDisabled = fact.isDisabled
            runnersByName[fact.traits.name.lowercased()] = fact.runner
        case .runnerRemoved(let fact):
            guard let runner = runners.removeValue(forKey: fact.runner) else { return }
            runnersBySHA256[runner.tokenSHA256] = nil
            runnersByName[runner.name.lowercased()] = nil
        default: break
        }
    }

    private mutating func removeRegistration(_ id: EntryID) {
        guard let registration = registrations.removeValue(forKey: id) else { return }
        registrationsBySHA256[registration.sha256] = nil
    }

    // MARK: outgoing

    mutating func applyOutgoing(_ fact: DirectoryFact) {
        switch fact {
        case .hookSet(let fact):
            count(fact.hook)
            let before = hooks[fact.hook]
            hooks[fact.hook] = OutgoingHook(
                id: fact.hook, settings: fact.settings, state: before?.state ?? .active,
                stateReason: before?.stateReason)
        case .hookStateSet(let fact):
            hooks[fact.hook]?.state = fact.state
            hooks[fact.hook]?.stateReason = fact.reason
        case .hookRemoved(let fact): removeHook(fact.hook)
        case .channelSet(let fact):
            count(fact.channel)
            channels[fact.channel] = NotificationChannel(id: fact.channel, settings: fact.settings)
        case .channelRemoved(let fact): removeChannel(fact.channel)
        default: break
        }
    }

    private mutating func removeHook(_ id: EntryID) {
        guard let hook = hooks.removeValue(forKey: id) else { return }
        formerNames[id] = hook.settings.url
    }

    private mutating func removeChannel(_ id: EntryID) {
        guard let channel = channels.removeValue(forKey: id) else { return }
        formerNames[id] = channel.settings.name
    }
}
