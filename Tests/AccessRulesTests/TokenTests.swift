// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Diagnostics
import Testing
import Timekeeping

/// The same numbers each time.
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}

@Suite("Tokens")
struct TokenTests {
    @Test("A scope gives what the role of its name gives; the two narrow ones one thing each")
    func scopes() {
        for role in [Role.read, .run, .approve, .maintain] {
            #expect(TokenScope(rawValue: role.rawValue)?.permissions == role.permissions)
        }
        #expect(TokenScope.runner.permissions == [.registerRunners])
        #expect(TokenScope.metrics.permissions == [.viewMetrics])
        #expect(TokenScope.admin.permissions == Set(Permission.allCases).subtracting([.takeJobs]))
        for permission in Permission.allCases where permission != .takeJobs {
            #expect(TokenScope.narrowest(for: permission)?.permissions.contains(permission) == true)
        }
        #expect(TokenScope.narrowest(for: .viewMetrics) == .metrics)
        #expect(TokenScope.narrowest(for: .takeJobs) == nil)
    }

    /// Random people, roles, tokens and changes: 60 houses.
    @Test("A token never gives more than its owner has, whatever happens to the owner", arguments: 0..<60)
    func property(seed: Int) throws {
        var dice = Dice(state: UInt64(seed) &* 7919 &+ 1)
        var house = House()
        try house.run(.addAccount(NewAccount(name: "root", isServerAdmin: true)))
        for index in 1...3 {
            try house.run(
                .addProject(ProjectSettings(name: "p\(index)", forge: .git, cloneURL: "/p\(index)"), admin: nil))
            try house.run(.addAccount(NewAccount(name: "a\(index)", isServerAdmin: dice.next() % 5 == 0)))
        }
        let projects = house.directory.projects.keys.sorted()
        let accounts = house.directory.accounts.keys.sorted()
        var tokens: [EntryID] = []
        for step in 0..<40 {
            let account = accounts.randomElement(using: &dice) ?? accounts[0]
            let project = projects.randomElement(using: &dice) ?? projects[0]
            let role = Role.allCases.randomElement(using: &dice) ?? .read
            switch dice.next() % 6 {
            case 0, 1: _ = house.code(.grantRole(project: project, account: account, role))
            case 2: _ = house.code(.withdrawRole(project: project, account: account))
            case 3:
                _ = house.code(dice.next() % 2 == 0 ? .disableAccount(account, reason: nil) : .enableAccount(account))
            default:
                let scopes = Set(TokenScope.allCases.filter { _ in dice.next() % 3 == 0 })
                let bound = dice.next() % 2 == 0 ? nil : Set([project])
                let owner = dice.next() % 4 == 0 ? TokenOwner.project(project) : .account(account)
                if let token = try? house.token(owner, TokenGrant(scopes, projects: bound), name: "t\(step)") {
                    tokens.append(token)
                }
            }
            if step % 8 == 7 { check(house, tokens, projects) }
        }
    }

    private func check(_ house: House, _ tokens: [EntryID], _ projects: [EntryID]) {
        for id in tokens {
            guard let token = house.directory.tokens[id] else { continue }
            for target in [AccessTarget.server] + projects.map({ .project($0) }) {
                let has = house.directory.permissions(.token(id), at: target, now: house.now)
                #expect(has.isSubset(of: token.grant.permissions))
                if token.owner.kind == .project {
                    let limit = target == .project(token.owner) ? Role.maintain.permissions : []
                    #expect(has.isSubset(of: limit))
                } else {
                    let owner = house.directory.permissions(.account(token.owner), at: target, now: house.now)
                    #expect(has.isSubset(of: owner), "\(token) at \(target)")
                    if let bound = token.grant.projects, case .project(let project) = target, !bound.contains(project) {
                        #expect(has.isEmpty)
                    }
                }
            }
        }
    }

    @Test("A token for one project does nothing in another, nor on the server")
    func bound() throws {
        var house = try House.furnished()
        try house.run(
            .addProject(ProjectSettings(name: "api", forge: .git, cloneURL: "/api"), admin: house.id("admin")))
        let api = EntryID(.project, 2)
        let token = try house.token(.account(house.id("root")), TokenGrant([.admin], projects: [api]))
        #expect(house.may(.token(token), .manageProject, .project(api)))
        #expect(!house.may(.token(token), .viewRuns))
        #expect(!house.may(.token(token), .manageServer, .server))
    }

    @Test("A project's token stays below its administrators, even where an event says more")
    func projectCap() throws {
        var house = try House.furnished()
        let fact = TokenIssued(
            token: EntryID(.token, 1), owner: .project(house.web), name: "x", prefix: "x", sha256: "x",
            grant: TokenGrant([.admin]))
        house.directory.apply(DirectoryEvent(.tokenIssued(fact), by: house.actor), at: house.now)
        let has = house.directory.permissions(.token(fact.token), at: .project(house.web), now: house.now)
        #expect(has == Role.maintain.permissions)
        #expect(house.directory.permissions(.token(fact.token), at: .server, now: house.now).isEmpty)
    }

    @Test("An expired or revoked token does nothing and says since when")
    func endings() throws {
        var house = try House.furnished()
        let token = try house.token(.account(house.id("run")), TokenGrant([.run], expiresAt: at(10)))
        house.now = at(9)
        #expect(house.may(.token(token), .startRuns))
        house.now = at(10)
        let expired = house.directory.decision(.token(token), .startRuns, at: .project(house.web), now: house.now)
        #expect(expired.verdict == .unknownCaller)
        #expect(expired.sentence == "Your token ci expired on 2023-11-14.")
        let other = try house.token(.account(house.id("run")), TokenGrant([.run]), name: "other")
        try house.run(.revokeToken(other, reason: "leaked"))
        #expect(!house.may(.token(other), .startRuns))
        #expect(house.directory.token(sha256: "sha-\(other)")?.revokedAt == at(10))
        #expect(try house.run(.revokeToken(other, reason: nil)).isEmpty)
        #expect(!house.may(.token(EntryID(.token, 99)), .startRuns))
    }

    @Test("A scope that its owner cannot fill is refused when the token is made")
    func tooWide() throws {
        var house = try House.furnished()
        let code = { (owner: TokenOwner, grant: TokenGrant) in
            house.code(.issueToken(TokenRequest(owner: owner, name: "x", prefix: "x", sha256: "x", grant: grant)))
        }
        let run = TokenOwner.account(house.id("run"))
        let web = TokenOwner.project(house.web)
        #expect(code(run, TokenGrant([.approve])) == .scopeTooWide)
        #expect(code(run, TokenGrant([.metrics])) == .scopeTooWide)
        #expect(code(run, TokenGrant([.runner])) == .scopeTooWide)
        #expect(code(.account(house.id("stranger")), TokenGrant([.run])) == .scopeTooWide)
        for scope in [TokenScope.admin, .runner, .metrics] { #expect(code(web, TokenGrant([scope])) == .scopeTooWide) }
        #expect(code(run, TokenGrant([])) == .directoryValue)
        #expect(code(run, TokenGrant([.read], expiresAt: at(0))) == .directoryValue)
        #expect(code(run, TokenGrant([.read], projects: [EntryID(.project, 9)])) == .unknownEntry)
        #expect(code(.account(EntryID(.account, 99)), TokenGrant([.read])) == .unknownEntry)
        #expect(code(run, TokenGrant([.run, .read])) == nil)
        #expect(code(web, TokenGrant([.maintain])) == .nameTaken)
    }

    @Test("A token makes no token that reaches further than itself")
    func chain() throws {
        var house = try House.furnished()
        let root = house.id("root")
        let own = try house.token(.account(root), TokenGrant([.admin], projects: [house.web], expiresAt: at(100)))
        house.actor = Actor(.token, id: own, owner: root, name: "ci")
        let wishes: [(TokenGrant, Bool)] = [
            (TokenGrant([.admin]), false), (TokenGrant([.read], projects: [house.web]), false),
            (TokenGrant([.read], projects: [house.web], expiresAt: at(101)), false),
            (TokenGrant([.read], expiresAt: at(99)), false),
            (TokenGrant([.read], projects: [house.web], expiresAt: at(100)), true),
        ]
        for (index, (grant, isAllowed)) in wishes.enumerated() {
            let token = try? house.token(.account(root), grant, name: "n\(index)")
            #expect((token != nil) == isAllowed, "\(index)")
        }
    }

    @Test("Tokens of an account are its own to make and revoke; a narrow token cannot")
    func authority() throws {
        var house = try House.furnished()
        let run = house.id("run")
        let request = TokenRequest(
            owner: .account(run), name: "x", prefix: "x", sha256: "x", grant: TokenGrant([.read]))
        let full = try house.token(.account(run), TokenGrant([.run]), name: "a")
        try house.run(.grantRole(project: house.web, account: run, .admin))
        let admin = try house.token(.account(run), TokenGrant([.admin]), name: "b")
        let bound = try house.token(.account(run), TokenGrant([.admin], projects: [house.web]), name: "c")
        let expectations: [(Principal, Bool)] = [
            (.account(run), true), (.account(house.id("read")), false), (.account(house.id("root")), true),
            (.token(full), false), (.token(admin), true), (.token(bound), false), (.anonymous, false),
        ]
        for (principal, isAllowed) in expectations {
            for command in [DirectoryCommand.issueToken(request), .revokeToken(full, reason: nil)] {
                let decision = house.directory.decision(principal, for: command, now: house.now)
                #expect(decision.isAllowed == isAllowed, "\(principal)")
            }
        }
        let project = TokenRequest(
            owner: .project(house.web), name: "x", prefix: "x", sha256: "x", grant: TokenGrant([.read]))
        for (name, isAllowed) in [("admin", true), ("maintain", false), ("stranger", false)] {
            let decision = house.directory.decision(
                .account(house.id(name)), for: .issueToken(project), now: house.now)
            #expect(decision.isAllowed == isAllowed)
        }
    }

    @Test("An owner has so many live tokens, and of the dead ones the newest are still known")
    func limits() throws {
        var house = try House.furnished()
        let owner = TokenOwner.account(house.id("read"))
        for index in 0..<150 {
            let id = try house.token(owner, TokenGrant([.read]), name: "t\(index)")
            try house.run(.revokeToken(id, reason: nil))
        }
        #expect(house.directory.tokens(of: owner.id).count == AccessLimits.endedTokensOfAnOwner)
        #expect(house.directory.token(sha256: "sha-tok_1") == nil)
        #expect(house.directory.token(sha256: "sha-tok_150") != nil)
        // The thousand is folded, not decided: a thousand decisions over a thousand tokens are no test's business.
        for index in 0..<AccessLimits.tokensOfAnOwner {
            let fact = TokenIssued(
                token: EntryID(.token, 1000 + index), owner: owner, name: "m\(index)", prefix: "p", sha256: "m\(index)",
                grant: TokenGrant([.read]))
            house.directory.apply(DirectoryEvent(.tokenIssued(fact), by: house.actor), at: house.now)
        }
        let request = TokenRequest(owner: owner, name: "one", prefix: "p", sha256: "one", grant: TokenGrant([.read]))
        #expect(house.code(.issueToken(request)) == .directoryLimit)
    }
}
