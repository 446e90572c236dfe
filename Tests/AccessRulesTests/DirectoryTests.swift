// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Diagnostics
import Testing
import Timekeeping

@Suite("The directory")
struct DirectoryTests {
    @Test("Names and addresses are given once, whatever their case")
    func names() throws {
        var house = try House.furnished()
        #expect(house.code(.addAccount(NewAccount(name: "ROOT"))) == .nameTaken)
        #expect(house.code(.addAccount(NewAccount(name: "x", email: "Root@Example.org"))) == .nameTaken)
        let identity = LinkedIdentity(issuer: "https://id.test", subject: "7")
        try house.run(.addAccount(NewAccount(name: "ada", identity: identity)))
        #expect(house.code(.addAccount(NewAccount(name: "bob", identity: identity))) == .nameTaken)
        #expect(house.code(.linkIdentity(house.id("root"), identity)) == .nameTaken)
        #expect(try house.run(.linkIdentity(house.id("ada"), identity)).isEmpty)
        #expect(house.code(.changeAccount(house.id("ada"), name: "Read", email: nil)) == .nameTaken)
        try house.run(.changeAccount(house.id("ada"), name: "Ada", email: "ada@example.org"))
        #expect(house.directory.account(email: "ADA@example.org")?.name == "Ada")
        #expect(house.directory.account(identity)?.name == "Ada")
        try house.run(.changeAccount(house.id("Ada"), name: "Ada", email: "lovelace@example.org"))
        #expect(house.directory.account(email: "ada@example.org") == nil)
        #expect(house.code(.addAccount(NewAccount(name: "next", email: "ada@example.org"))) == nil)
        let web = ProjectSettings(name: "WEB", forge: .git, cloneURL: "/x")
        #expect(house.code(.addProject(web, admin: nil)) == .nameTaken)
    }

    @Test("A name that was given up can be taken, and an id never comes again")
    func reuse() throws {
        var house = try House.furnished()
        let first = house.id("stranger")
        try house.run(.removeAccount(first))
        try house.run(.addAccount(NewAccount(name: "stranger")))
        #expect(house.id("stranger") > first)
        #expect(house.directory.name(of: first) == "stranger")
        try house.run(.removeProject(house.web))
        try house.run(.addProject(ProjectSettings(name: "web", forge: .git, cloneURL: "/web"), admin: nil))
        #expect(house.directory.project(named: "web")?.id == EntryID(.project, 2))
        #expect(house.directory.projects[EntryID(.project, 2)]?.roles.isEmpty == true)
    }

    @Test("The last administrator can neither be removed nor disabled nor lose the office")
    func lastAdministrator() throws {
        var house = try House.furnished()
        let root = house.id("root")
        let commands: [DirectoryCommand] = [
            .removeAccount(root), .disableAccount(root, reason: nil), .setServerAdmin(root, false),
        ]
        for command in commands { #expect(house.code(command) == .lastAdministrator) }
        try house.run(.setServerAdmin(house.id("read"), true))
        try house.run(.disableAccount(house.id("read"), reason: nil))
        for command in commands { #expect(house.code(command) == .lastAdministrator) }
        try house.run(.enableAccount(house.id("read")))
        for command in commands { #expect((try? house.directory.decide(command, by: house.actor, now: at(0))) != nil) }
    }

    @Test("A new password, a disabled account and a command end sessions")
    func sessions() throws {
        var house = try House.furnished()
        let run = house.id("run")
        func isCurrent(_ generation: Int, _ server: Int) -> Bool {
            house.directory.isSessionCurrent(run, generation: generation, serverGeneration: server)
        }
        #expect(isCurrent(1, 1))
        try house.run(.setPassword(run, reference: "passwords/2"))
        #expect(!isCurrent(1, 1) && isCurrent(2, 1))
        try house.run(.endSessions(run))
        #expect(!isCurrent(2, 1) && isCurrent(3, 1))
        try house.run(.endSessions(nil))
        #expect(!isCurrent(3, 1) && isCurrent(3, 2))
        try house.run(.disableAccount(run, reason: nil))
        try house.run(.enableAccount(run))
        #expect(!isCurrent(3, 2) && isCurrent(4, 2))
    }

    @Test("What belongs to a project goes with it")
    func removal() throws {
        var house = try House.furnished()
        try house.run(.setEnvironment(house.web, EnvironmentRules(name: "production")))
        let key = ValueKey(.secret, "deploy_key", at: .environment(house.web, "Production"))
        try house.run(.setValue(key, digest: "d1"))
        try house.run(.setValue(ValueKey(.secret, "A", at: .server), digest: "d2"))
        try house.run(
            .setHook(nil, HookSettings(project: house.web, url: "https://a.test/", events: [], secretReference: "s")))
        try house.run(
            .setHook(nil, HookSettings(project: nil, url: "https://b.test/", events: [], secretReference: "s")))
        let channel = ChannelSettings(project: house.web, name: "dev", kind: .slack, addressReference: "x", events: [])
        try house.run(.setChannel(nil, channel))
        let token = try house.token(.project(house.web), TokenGrant([.run]))
        try house.run(.removeProject(house.web))
        #expect(house.directory.values.keys.map(\.name) == ["A"])
        #expect(house.directory.hooks.values.map(\.settings.url) == ["https://b.test/"])
        #expect(house.directory.channels.isEmpty)
        #expect(house.directory.tokens[token] == nil)
        #expect(house.directory.name(of: house.web) == "web")
    }

    @Test("The narrowest value wins; versions are never given twice")
    func values() throws {
        var house = try House.furnished()
        try house.run(.setEnvironment(house.web, EnvironmentRules(name: "Production")))
        let places: [ValuePlace] = [.server, .project(house.web), .environment(house.web, "PRODUCTION")]
        for (index, place) in places.enumerated() {
            try house.run(.setValue(ValueKey(.variable, "Region", at: place), digest: "d\(index)"))
        }
        func digest(_ environment: String?) -> String? {
            house.directory.values(.variable, of: house.web, environment: environment)["REGION"]?.digest
        }
        #expect(digest("production") == "d2")
        #expect(digest(nil) == "d1")
        #expect(house.directory.values(.secret, of: house.web, environment: nil).isEmpty)
        let key = ValueKey(.variable, "REGION", at: .server)
        #expect(try house.run(.setValue(key, digest: "d0")).isEmpty)
        try house.run(.setValue(key, digest: "e"))
        #expect(house.directory.values[key]?.version == 2)
        try house.run(.removeValue(key))
        try house.run(.setValue(key, digest: "e"))
        #expect(house.directory.values[key]?.version == 3)
        for name in ["", "1A", "A-B", "GITHUB_TOKEN", "github_x", "Ä", String(repeating: "A", count: 101)] {
            #expect(
                house.code(.setValue(ValueKey(.secret, name, at: .server), digest: "d")) == .directoryValue, "\(name)")
        }
        let nowhere = ValueKey(.secret, "A", at: .environment(house.web, "staging"))
        #expect(house.code(.setValue(nowhere, digest: "d")) == .unknownEntry)
        #expect(house.code(.removeValue(nowhere)) == .unknownEntry)
    }

    @Test("A registration token registers one runner, and what it prescribes holds")
    func registration() throws {
        var house = try House.furnished()
        let offer = RegistrationOffer(
            prefix: "abcdefgh", group: "gpu", labels: ["GPU"], isEphemeral: true, expiresAt: at(60))
        try house.run(.issueRegistration(offer, sha256: "reg"))
        let registration = try #require(house.directory.registration(sha256: "reg", now: at(59)))
        #expect(house.directory.registration(sha256: "reg", now: at(60)) == nil)
        let wanted = RunnerTraits(name: "box", labels: ["Linux", "linux"], group: "default", capacity: 2)
        try house.run(.registerRunner(wanted, sha256: "rnr", registration: registration.id))
        let runner = try #require(house.directory.runner(sha256: "rnr"))
        #expect(runner.traits.labels == ["gpu", "linux"])
        #expect(runner.traits.group == "gpu")
        #expect(runner.traits.isEphemeral)
        let again = RunnerTraits(name: "box2", labels: [])
        #expect(house.code(.registerRunner(again, sha256: "r2", registration: registration.id)) == .credentialEnded)
        try house.run(.issueRegistration(offer, sha256: "reg2"))
        house.now = at(60)
        let late = house.directory.registrations.values.map(\.id)[0]
        #expect(house.code(.registerRunner(again, sha256: "r2", registration: late)) == .credentialEnded)
        #expect(
            house.code(.registerRunner(RunnerTraits(name: "BOX", labels: []), sha256: "r3", registration: nil))
                == .nameTaken)
        try house.run(.removeRunner(runner.id, reason: "ephemeral"))
        #expect(house.directory.runner(sha256: "rnr") == nil)
        #expect(
            house.code(.registerRunner(RunnerTraits(name: "BOX", labels: []), sha256: "r3", registration: nil)) == nil)
    }

    @Test("Of a webhook's secret the one before stays good, and no older one")
    func webhookSecret() throws {
        var house = try House.furnished()
        for reference in ["a", "b", "c"] { try house.run(.setWebhookSecret(house.web, reference: reference)) }
        #expect(house.directory.projects[house.web]?.webhookSecrets == ["c", "b"])
    }

    @Test("A freeze survives new rules and is lifted by its end")
    func freeze() throws {
        var house = try House.furnished()
        try house.run(.setEnvironment(house.web, EnvironmentRules(name: "production")))
        let freeze = Freeze(reason: "holidays", until: at(100))
        try house.run(.freezeEnvironment(house.web, "Production", freeze))
        var rules = EnvironmentRules(name: "production")
        rules.waitMinutes = 5
        try house.run(.setEnvironment(house.web, rules))
        #expect(house.directory.environment("production", of: house.web)?.freeze == freeze)
        #expect(freeze.isOn(at(99)) && !freeze.isOn(at(100)))
        #expect(house.code(.freezeEnvironment(house.web, "production", Freeze(reason: " "))) == .directoryValue)
        #expect(
            house.code(.freezeEnvironment(house.web, "production", Freeze(reason: "x", until: at(0))))
                == .directoryValue)
        try house.run(.thawEnvironment(house.web, "production"))
        #expect(house.directory.environment("production", of: house.web)?.freeze == nil)
    }

    @Test("Rules that nobody could fill are refused")
    func rules() throws {
        var house = try House.furnished()
        func rules(_ change: (inout EnvironmentRules) -> Void) -> EnvironmentRules {
            var rules = EnvironmentRules(name: "production")
            change(&rules)
            return rules
        }
        let run = house.id("run")
        let wrong = [
            rules {
                $0.requiredApprovals = 2; $0.reviewers = [run]
            }, rules { $0.requiredApprovals = -1 },
            rules { $0.reviewers = [run, run] }, rules { $0.waitMinutes = -1 },
            rules { $0.waitMinutes = 43_201 }, rules { $0.expiryMinutes = 0 },
            rules {
                $0.waitMinutes = 10; $0.expiryMinutes = 9
            }, rules { $0.branchPatterns = ["-x"] },
            rules { $0.name = "a\nb" }, rules { $0.name = " " }, rules { $0.name = "a\u{202E}b" },
        ]
        for rules in wrong { #expect(house.code(.setEnvironment(house.web, rules)) == .directoryValue, "\(rules)") }
        #expect(
            house.code(.setEnvironment(house.web, rules { $0.reviewers = [EntryID(.account, 99)] })) == .unknownEntry)
        #expect(
            house.code(
                .setEnvironment(
                    house.web,
                    rules {
                        $0.requiredApprovals = 1; $0.reviewers = [run]
                    })) == nil)
    }

    @Test(
        "Addresses that would reach other programs as options, or hold secrets, are refused",
        arguments: ["", "--upload-pack=x", "https://a b/", "https://a.test/\n", "x\u{0}"])
    func addresses(text: String) throws {
        var house = try House.furnished()
        #expect(
            house.code(.addProject(ProjectSettings(name: "p", forge: .git, cloneURL: text), admin: nil))
                == .directoryValue)
        let hook = HookSettings(project: nil, url: text, events: [], secretReference: "s")
        #expect(house.code(.setHook(nil, hook)) == .directoryValue)
        for url in ["ftp://a.test/", "https://", "https://user:pw@a.test/", "javascript:alert(1)", "//a.test"] {
            let hook = HookSettings(project: nil, url: url, events: [], secretReference: "s")
            #expect(house.code(.setHook(nil, hook)) == .directoryValue, "\(url)")
        }
    }

    @Test("Account names are plain", arguments: ["", "-a", ".a", "a b", "a/b", "a\u{200B}b", "<b>", "=1", "a@b"])
    func accountNames(name: String) throws {
        var house = try House.furnished()
        #expect(house.code(.addAccount(NewAccount(name: name))) == .directoryValue)
    }

    @Test(
        "Mail addresses are like mail addresses",
        arguments: ["", "a", "@a", "a@", "a@b@c", "a b@c", "<a@b>", "a@b\r\nBcc: x"])
    func mailAddresses(email: String) throws {
        var house = try House.furnished()
        #expect(house.code(.addAccount(NewAccount(name: "x", email: email))) == .directoryValue)
    }

    @Test("What is not there is said to be unknown, and nothing is recorded")
    func unknown() throws {
        var house = try House.furnished()
        let before = house.directory
        let nobody = EntryID(.account, 99)
        let commands: [DirectoryCommand] = [
            .changeAccount(nobody, name: "x", email: nil), .disableAccount(nobody, reason: nil), .enableAccount(nobody),
            .removeAccount(nobody), .setPassword(nobody, reference: "x"), .endSessions(nobody),
            .setServerAdmin(nobody, true), .noteSignIn(nobody, method: "password"),
            .revokeToken(EntryID(.token, 99), reason: nil), .removeProject(EntryID(.project, 99)),
            .grantRole(project: house.web, account: nobody, .read),
            .setWebhookSecret(EntryID(.project, 9), reference: "x"),
            .withdrawRole(project: EntryID(.project, 9), account: nobody), .removeEnvironment(house.web, "x"),
            .thawEnvironment(house.web, "x"), .revokeRegistration(EntryID(.registration, 1)),
            .removeRunner(EntryID(.runner, 1), reason: nil), .removeHook(EntryID(.hook, 1)),
            .setHookState(EntryID(.hook, 1), .paused, reason: nil), .removeChannel(EntryID(.channel, 1)),
            .note(Acted(.cancelled, project: EntryID(.project, 9), run: 1)),
        ]
        for command in commands { #expect(house.code(command) == .unknownEntry, "\(command)") }
        #expect(house.directory == before)
    }

    @Test("There are as many accounts as there may be, and no more")
    func accountLimit() throws {
        var house = try House.furnished()
        for number in 100..<(100 + AccessLimits.accounts - house.directory.accounts.count) {
            let fact = AccountAdded(account: EntryID(.account, number), name: "n\(number)", isServerAdmin: false)
            house.directory.apply(DirectoryEvent(.accountAdded(fact), by: house.actor), at: house.now)
        }
        #expect(house.directory.accounts.count == AccessLimits.accounts)
        #expect(house.code(.addAccount(NewAccount(name: "one-more"))) == .directoryLimit)
    }

    @Test("An emergency without a reason is not recorded, and acts change nothing")
    func acts() throws {
        var house = try House.furnished()
        let before = house.directory
        #expect(house.code(.note(Acted(.overrode, project: house.web, run: 3, reason: " "))) == .directoryValue)
        #expect(try house.run(.note(Acted(.overrode, project: house.web, run: 3, reason: "fire"))).count == 1)
        try house.run(.noteSignIn(house.id("run"), method: "password"))
        try house.run(.noteBlockedSignIn(name: "who", failures: 6))
        #expect(house.directory.version == before.version + 3)
        #expect(house.directory.accounts == before.accounts)
        try house.run(.disableAccount(house.id("run"), reason: nil))
        #expect(house.code(.noteSignIn(house.id("run"), method: "password")) == .credentialEnded)
    }

    @Test("Each command says which permission it needs, and where")
    func requirements() throws {
        let house = try House.furnished()
        let web = AccessTarget.project(house.web)
        let cases: [(DirectoryCommand, Permission, AccessTarget)] = [
            (.addAccount(NewAccount(name: "x")), .managePeople, .server),
            (.setServerAdmin(house.id("run"), true), .manageServer, .server),
            (.removeProject(house.web), .manageProject, web),
            (.grantRole(project: house.web, account: house.id("run"), .admin), .managePeople, web),
            (.setEnvironment(house.web, EnvironmentRules(name: "p")), .manageEnvironments, web),
            (.setValue(ValueKey(.secret, "A", at: .server), digest: "d"), .manageSecrets, .server),
            (.setValue(ValueKey(.secret, "A", at: .environment(house.web, "p")), digest: "d"), .manageSecrets, web),
            (
                .setHook(nil, HookSettings(project: nil, url: "u", events: [], secretReference: "")), .manageHooks,
                .server
            ),
            (.note(Acted(.overrode, project: house.web, run: 1, reason: "x")), .overrideGates, web),
            (.note(Acted(.dispatched, project: house.web, run: 1)), .startRuns, web),
        ]
        for (command, permission, target) in cases {
            let requirement = house.directory.requirement(of: command)
            #expect(requirement.0 == permission && requirement.1 == target, "\(command)")
        }
        #expect(
            house.directory.decision(
                .account(house.id("run")), for: .setPassword(house.id("run"), reference: "x"), now: at(0)
            )
            .isAllowed)
        #expect(
            !house.directory.decision(
                .account(house.id("admin")), for: .setPassword(house.id("run"), reference: "x"), now: at(0)
            )
            .isAllowed)
        #expect(!house.directory.decision(.account(house.id("run")), for: .endSessions(nil), now: at(0)).isAllowed)
    }

    @Test("Ids are read as they are written, in one spelling")
    func ids() {
        for kind in EntryID.Kind.allCases { #expect(EntryID("\(EntryID(kind, 12))") == EntryID(kind, 12)) }
        for text in ["", "acc", "acc_", "acc_0", "acc_-1", "acc_01", "acc_1_2", "xyz_1", "acc_+1", "ACC_1"] {
            #expect(EntryID(text) == nil, "\(text)")
        }
    }
}
