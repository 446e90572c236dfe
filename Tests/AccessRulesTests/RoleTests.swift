// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Diagnostics
import Testing

/// Every permission with the roles that have it, written out: `+` has it, `-` has not; in the order stranger, read, run,
/// approve, maintain, admin, administrator of the server.
private let matrix: [(Permission, String)] = [
    (.viewStatus, "-++++++"), (.viewRuns, "-++++++"), (.viewLogs, "-++++++"), (.readArtifacts, "-++++++"),
    (.startRuns, "--+++++"), (.cancelRuns, "--+++++"), (.rerunRuns, "--+++++"), (.approve, "---++++"),
    (.overrideGates, "----+++"), (.manageSecrets, "----+++"), (.manageEnvironments, "----+++"),
    (.manageHooks, "----+++"), (.manageCaches, "----+++"), (.viewAudit, "----+++"), (.manageProject, "-----++"),
    (.managePeople, "-----++"), (.createProjects, "------+"), (.registerRunners, "------+"),
    (.manageRunners, "------+"), (.viewMetrics, "------+"), (.manageServer, "------+"), (.takeJobs, "-------"),
]
private let people = ["stranger", "read", "run", "approve", "maintain", "admin", "root"]

@Suite("Who may do what")
struct RoleTests {
    @Test("Each permission is in the table once")
    func complete() {
        #expect(matrix.map(\.0) == Permission.allCases)
        #expect(matrix.allSatisfy { $0.1.count == people.count })
    }

    @Test("In a project each role has exactly the permissions of the table", arguments: matrix)
    func project(permission: Permission, row: String) throws {
        let house = try House.furnished()
        for (person, mark) in zip(people, row) {
            #expect(house.may(.account(house.id(person)), permission) == (mark == "+"), "\(person) \(permission)")
        }
    }

    @Test("On the server its administrator alone has anything", arguments: matrix)
    func server(permission: Permission, row: String) throws {
        let house = try House.furnished()
        for person in people {
            let isAllowed = house.may(.account(house.id(person)), permission, .server)
            #expect(isAllowed == (person == "root" && permission != .takeJobs), "\(person) \(permission)")
        }
    }

    @Test("Each role has all that the one before it has, and more")
    func order() {
        for (lower, higher) in zip(Role.allCases, Role.allCases.dropFirst()) {
            #expect(lower < higher)
            #expect(lower.permissions.isStrictSubset(of: higher.permissions))
        }
    }

    @Test("A role in one project is none in another")
    func otherProject() throws {
        var house = try House.furnished()
        try house.run(.addProject(ProjectSettings(name: "api", forge: .git, cloneURL: "/srv/api.git"), admin: nil))
        let api = AccessTarget.project(EntryID(.project, 2))
        for permission in Permission.allCases { #expect(!house.may(.account(house.id("admin")), permission, api)) }
        let decision = house.directory.decision(.account(house.id("admin")), .viewRuns, at: api, now: house.now)
        #expect(decision.verdict == .hidden)
    }

    @Test("A project that is not there is answered like one that must not be seen")
    func missing() throws {
        let house = try House.furnished()
        for person in people {
            let decision = house.directory.decision(
                .account(house.id(person)), .viewRuns, at: .project(EntryID(.project, 77)), now: house.now)
            #expect(decision.verdict == .hidden, "\(person)")
        }
    }

    @Test("Whoever is not signed in sees what a project shows to everyone, and nothing else")
    func anonymous() throws {
        var house = try House.furnished()
        for permission in Permission.allCases {
            for target in [AccessTarget.server, .project(house.web)] {
                let decision = house.directory.decision(.anonymous, permission, at: target, now: house.now)
                #expect(decision.verdict == .unknownCaller)
            }
        }
        var settings = try #require(house.directory.projects[house.web]).settings
        settings.statusVisibility = .signedIn
        try house.run(.changeProject(house.web, settings))
        #expect(!house.may(.anonymous, .viewStatus))
        #expect(house.may(.account(house.id("stranger")), .viewStatus))
        #expect(!house.may(.account(house.id("stranger")), .viewRuns))
        settings.statusVisibility = .everyone
        try house.run(.changeProject(house.web, settings))
        let all = house.directory.permissions(.anonymous, at: .project(house.web), now: house.now)
        #expect(all == [.viewStatus])
    }

    @Test("A disabled or removed account may do nothing")
    func disabled() throws {
        var house = try House.furnished()
        let admin = house.id("admin")
        try house.run(.disableAccount(admin, reason: nil))
        #expect(house.directory.permissions(.account(admin), at: .project(house.web), now: house.now).isEmpty)
        try house.run(.enableAccount(admin))
        #expect(house.may(.account(admin), .manageProject))
        try house.run(.removeAccount(admin))
        #expect(house.directory.permissions(.account(admin), at: .project(house.web), now: house.now).isEmpty)
        #expect(house.directory.projects[house.web]?.roles[admin] == nil)
    }

    @Test("A runner takes jobs, and does nothing else")
    func runner() throws {
        var house = try House.furnished()
        try house.run(.registerRunner(RunnerTraits(name: "one", labels: ["linux"]), sha256: "s", registration: nil))
        let runner = try #require(house.directory.runner(sha256: "s"))
        #expect(house.directory.permissions(.runner(runner.id), at: .server, now: house.now) == [.takeJobs])
        #expect(house.directory.permissions(.runner(runner.id), at: .project(house.web), now: house.now).isEmpty)
        try house.run(.changeRunner(runner.id, runner.traits, isDisabled: true))
        #expect(!house.may(.runner(runner.id), .takeJobs, .server))
    }

    @Test("A refusal says what is there and what is needed")
    func sentences() throws {
        var house = try House.furnished()
        func sentence(_ principal: Principal, _ permission: Permission, _ target: AccessTarget) -> String {
            house.directory.decision(principal, permission, at: target, now: house.now).sentence
        }
        let web = AccessTarget.project(house.web)
        #expect(
            sentence(.account(house.id("read")), .startRuns, web)
                == "read has the role read in web; starting runs needs run.")
        #expect(
            sentence(.account(house.id("admin")), .manageServer, .server)
                == "Changing the server needs an administrator of the server; admin is none.")
        #expect(sentence(.account(house.id("stranger")), .viewRuns, web) == "stranger has no role in web.")
        #expect(sentence(.account(house.id("root")), .viewRuns, web) == "root is an administrator of the server.")
        let token = try house.token(.account(house.id("admin")), TokenGrant([.read]))
        #expect(sentence(.token(token), .startRuns, web) == "Your token has the scope read; this needs run.")
        try house.run(.grantRole(project: house.web, account: house.id("admin"), .read))
        let wide = try house.token(.account(house.id("run")), TokenGrant([.run]), name: "wide")
        try house.run(.grantRole(project: house.web, account: house.id("run"), .read))
        #expect(
            sentence(.token(wide), .startRuns, web)
                == "Your token acts for run, who has the role read in web; starting runs needs run.")
        let error = #expect(throws: DiagnosticError.self) {
            try house.directory.decision(.token(token), .startRuns, at: web, now: house.now).required()
        }
        #expect(error?.diagnostic.code == .accessDenied)
    }
}
