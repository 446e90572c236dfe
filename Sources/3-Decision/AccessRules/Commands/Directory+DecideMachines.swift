// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import Timekeeping

extension Directory {
    // MARK: runners

    func runnerFacts(_ command: DirectoryCommand, now: Timestamp) throws(DiagnosticError) -> [DirectoryFact] {
        switch command {
        case .issueRegistration(let offer, let sha256):
            let open = registrations.values.count { now < $0.offer.expiresAt }
            guard open < AccessLimits.openRegistrations else {
                throw .directoryLimit("open registration tokens", AccessLimits.openRegistrations)
            }
            guard now < offer.expiresAt else { throw .directoryValue("The token would have expired already.") }
            try EntryText.checkName(offer.group, "group")
            try EntryText.checkLabels(offer.labels)
            return [
                .registrationIssued(
                    RegistrationIssued(registration: nextID(.registration), offer: offer, sha256: sha256))
            ]
        case .revokeRegistration(let id):
            guard registrations[id] != nil else { throw .unknownEntry("registration", id.description) }
            return [.registrationRevoked(RegistrationRevoked(registration: id))]
        case .registerRunner(let traits, let sha256, let registration):
            return [try register(traits, sha256, registration, now: now)]
        case .changeRunner(let id, let traits, let isDisabled):
            guard let before = runners[id] else { throw .unknownEntry("runner", id.description) }
            guard before.traits != traits || before.isDisabled != isDisabled else { return [] }
            try check(traits, except: id)
            return [.runnerChanged(RunnerChanged(runner: id, traits: traits, isDisabled: isDisabled))]
        case .removeRunner(let id, let reason):
            guard runners[id] != nil else { throw .unknownEntry("runner", id.description) }
            return [.runnerRemoved(RunnerRemoved(runner: id, reason: reason?.bounded(AccessLimits.reasonBytes)))]
        default: return []
        }
    }

    private func register(
        _ wanted: RunnerTraits, _ sha256: String, _ registration: EntryID?, now: Timestamp
    ) throws(DiagnosticError) -> DirectoryFact {
        guard runners.count < AccessLimits.runners else { throw .directoryLimit("runners", AccessLimits.runners) }
        var traits = wanted
        if let registration {
            guard let offer = registrations[registration]?.offer else {
                throw DiagnosticError(
                    .credentialEnded, "The registration token was used or revoked.",
                    remedy: "Make a new one with `martlet runner token`.")
            }
            guard now < offer.expiresAt else {
                throw DiagnosticError(
                    .credentialEnded, "The registration token expired on \(day(offer.expiresAt)).",
                    remedy: "Make a new one with `martlet runner token`.")
            }
            traits = RunnerTraits(
                name: wanted.name, labels: wanted.labels + offer.labels, group: offer.group, capacity: wanted.capacity,
                isEphemeral: wanted.isEphemeral || offer.isEphemeral)
        }
        try check(traits, except: nil)
        return .runnerRegistered(
            RunnerRegistered(runner: nextID(.runner), traits: traits, sha256: sha256, registration: registration))
    }

    private func check(_ traits: RunnerTraits, except: EntryID?) throws(DiagnosticError) {
        try EntryText.checkName(traits.name, "runner")
        try EntryText.checkName(traits.group, "group")
        try EntryText.checkLabels(traits.labels)
        guard (1...AccessLimits.capacityOfARunner).contains(traits.capacity) else {
            throw .directoryValue("A runner takes 1 to \(AccessLimits.capacityOfARunner) jobs at once.")
        }
        if let other = runnersByName[traits.name.lowercased()], other != except {
            throw .nameTaken("runner", traits.name)
        }
    }

    // MARK: hooks and channels

    func outgoingFacts(_ command: DirectoryCommand) throws(DiagnosticError) -> [DirectoryFact] {
        switch command {
        case .setHook(let id, let settings): return try set(id, settings)
        case .setHookState(let id, let state, let reason):
            guard let hook = hooks[id] else { throw .unknownEntry("hook", id.description) }
            guard hook.state != state else { return [] }
            return [
                .hookStateSet(
                    HookStateSet(
                        hook: id, state: state, reason: reason?.bounded(AccessLimits.reasonBytes),
                        project: hook.settings.project))
            ]
        case .removeHook(let id):
            guard let hook = hooks[id] else { throw .unknownEntry("hook", id.description) }
            return [.hookRemoved(HookRemoved(hook: id, project: hook.settings.project))]
        case .setChannel(let id, let settings): return try set(id, settings)
        case .removeChannel(let id):
            guard let channel = channels[id] else { throw .unknownEntry("channel", id.description) }
            return [.channelRemoved(ChannelRemoved(channel: id, project: channel.settings.project))]
        case .noteNotifications(let id, let version):
            return [.notificationsSet(NotificationsSet(project: try project(id).id, documentVersion: version))]
        case .noteDelivery(let id, let delivery):
            guard let hook = hooks[id] else { throw .unknownEntry("hook", id.description) }
            return [.deliveryAsked(DeliveryAsked(hook: id, project: hook.settings.project, delivery: delivery))]
        default: return []
        }
    }

    private func set(_ id: EntryID?, _ settings: HookSettings) throws(DiagnosticError) -> [DirectoryFact] {
        if let project = settings.project { _ = try self.project(project) }
        try EntryText.checkURL(settings.url)
        try EntryText.checkEvents(settings.events)
        guard let id else {
            guard hooks.values.count(where: { $0.settings.project == settings.project }) < AccessLimits.hooksOfAPlace
            else { throw .directoryLimit("hooks of one place", AccessLimits.hooksOfAPlace) }
            return [.hookSet(HookSet(hook: nextID(.hook), settings: settings))]
        }
        guard let before = hooks[id] else { throw .unknownEntry("hook", id.description) }
        guard before.settings.project == settings.project else {
            throw .directoryValue("A hook stays with its project.")
        }
        return before.settings == settings ? [] : [.hookSet(HookSet(hook: id, settings: settings))]
    }

    private func set(_ id: EntryID?, _ settings: ChannelSettings) throws(DiagnosticError) -> [DirectoryFact] {
        if let project = settings.project { _ = try self.project(project) }
        try EntryText.checkTitle(settings.name, "channel")
        try EntryText.checkEvents(settings.events)
        let others = channels.values.filter { $0.settings.project == settings.project && $0.id != id }
        guard !others.contains(where: { $0.settings.name.lowercased() == settings.name.lowercased() }) else {
            throw .nameTaken("channel", settings.name)
        }
        guard let id else {
            guard others.count < AccessLimits.channelsOfAPlace else {
                throw .directoryLimit("channels of one place", AccessLimits.channelsOfAPlace)
            }
            return [.channelSet(ChannelSet(channel: nextID(.channel), settings: settings))]
        }
        guard let before = channels[id] else { throw .unknownEntry("channel", id.description) }
        guard before.settings.project == settings.project else {
            throw .directoryValue("A channel stays with its project.")
        }
        return before.settings == settings ? [] : [.channelSet(ChannelSet(channel: id, settings: settings))]
    }
}
