// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Timekeeping

private let account = EntryID(.account, 3)
private let project = EntryID(.project, 2)

/// One of each fact, with everything that it can hold.
let factSamples: [DirectoryFact] = [
    .accountAdded(
        AccountAdded(
            account: account, name: "ada", email: "ada@example.org", passwordReference: "passwords/1",
            identity: LinkedIdentity(issuer: "https://id.test", subject: "7"), isServerAdmin: true)),
    .accountChanged(AccountChanged(account: account, name: "ada.l", email: "ada@example.org")),
    .accountDisabled(AccountDisabled(account: account, reason: "left")),
    .accountEnabled(AccountEnabled(account: account)),
    .accountRemoved(AccountRemoved(account: account)),
    .passwordSet(PasswordSet(account: account, reference: "passwords/2")),
    .identityLinked(
        IdentityLinked(account: account, identity: LinkedIdentity(issuer: "https://id.test", subject: "8"))),
    .serverAdminSet(ServerAdminSet(account: account, isServerAdmin: true)),
    .sessionsEnded(SessionsEnded(account: account)),
    .signedIn(SignedIn(account: account, method: "password")),
    .signInBlocked(SignInBlocked(name: "ada", failures: 6)),
    .tokenIssued(
        TokenIssued(
            token: EntryID(.token, 5), owner: .account(account), name: "ci", prefix: "AbCdEfGh", sha256: "00ff",
            grant: TokenGrant([.read, .run], projects: [project], expiresAt: at(60)))),
    .tokenRevoked(TokenRevoked(token: EntryID(.token, 5), owner: .project(project), reason: "leaked")),
    .projectAdded(ProjectAdded(project: project, settings: settings)),
    .projectChanged(ProjectChanged(project: project, settings: settings)),
    .projectRemoved(ProjectRemoved(project: project)),
    .webhookSecretSet(WebhookSecretSet(project: project, reference: "hooks/1")),
    .roleGranted(RoleGranted(project: project, account: account, role: .maintain)),
    .roleWithdrawn(RoleWithdrawn(project: project, account: account)),
    .environmentSet(EnvironmentSet(project: project, rules: rules)),
    .environmentRemoved(EnvironmentRemoved(project: project, environment: "production")),
    .environmentFrozen(
        EnvironmentFrozen(project: project, environment: "production", freeze: Freeze(reason: "holidays", until: at(9)))
    ),
    .environmentThawed(EnvironmentThawed(project: project, environment: "production")),
    .valueSet(
        ValueSet(key: ValueKey(.secret, "KEY", at: .environment(project, "production")), version: 3, digest: "ab")),
    .valueRemoved(ValueRemoved(key: ValueKey(.variable, "REGION", at: .server))),
    .registrationIssued(
        RegistrationIssued(
            registration: EntryID(.registration, 1),
            offer: RegistrationOffer(
                prefix: "AbCdEfGh", group: "gpu", labels: ["gpu"], isEphemeral: true, isOnce: true, expiresAt: at(60)),
            sha256: "11")),
    .registrationRevoked(RegistrationRevoked(registration: EntryID(.registration, 1))),
    .runnerRegistered(
        RunnerRegistered(
            runner: EntryID(.runner, 4), traits: traits, sha256: "22", registration: EntryID(.registration, 1))),
    .runnerChanged(RunnerChanged(runner: EntryID(.runner, 4), traits: traits, isDisabled: true)),
    .runnerRemoved(RunnerRemoved(runner: EntryID(.runner, 4), reason: "done")),
    .hookSet(
        HookSet(
            hook: EntryID(.hook, 1),
            settings: HookSettings(
                project: project, url: "https://a.test/", events: ["run.finished"], secretReference: "hooks/2"))),
    .hookStateSet(HookStateSet(hook: EntryID(.hook, 1), state: .failing, reason: "410", project: project)),
    .hookRemoved(HookRemoved(hook: EntryID(.hook, 1), project: project)),
    .channelSet(
        ChannelSet(
            channel: EntryID(.channel, 1),
            settings: ChannelSettings(
                project: project, name: "dev", kind: .slack, addressReference: "channels/1", events: ["run.failed"]))),
    .channelRemoved(ChannelRemoved(channel: EntryID(.channel, 1), project: project)),
    .notificationsSet(NotificationsSet(project: project, documentVersion: 4)),
    .deliveryAsked(DeliveryAsked(hook: EntryID(.hook, 1), project: project, delivery: "evt_1")),
    .acted(
        Acted(
            .overrode, project: project, run: 12, attempt: 2, job: "deploy", environment: "production", reason: "fire")),
]

private var settings: ProjectSettings {
    var settings = ProjectSettings(
        name: "web", forge: .gitlab, cloneURL: "https://forge.test/web.git", defaultBranch: "trunk")
    settings.forkPolicy = .run
    settings.statusVisibility = .everyone
    settings.isPaused = true
    settings.options = ["timezone": "UTC"]
    return settings
}

private var rules: EnvironmentRules {
    var rules = EnvironmentRules(name: "production")
    rules.requiredApprovals = 1
    rules.reviewers = [account]
    rules.excludesAuthor = true
    rules.waitMinutes = 5
    rules.branchPatterns = ["main", "release/*"]
    rules.expiryMinutes = 600
    return rules
}

private let traits = RunnerTraits(name: "box", labels: ["linux", "gpu"], group: "gpu", capacity: 4, isEphemeral: true)

let actorSamples: [Actor] = [
    Actor(.account, id: account, name: "ada", address: "10.0.0.1", userAgent: "curl/8"),
    Actor(.token, id: EntryID(.token, 5), owner: account, name: "ci"),
    Actor(.runner, id: EntryID(.runner, 4), name: "box"),
    .system("schedule"), Actor(.forge, name: "octocat"),
]
