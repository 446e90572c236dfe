// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Diagnostics
import Testing
import Timekeeping

func at(_ minutes: Int64) -> Timestamp { Timestamp(milliseconds: 1_700_000_000_000 + minutes * 60_000) }

/// A directory that is built by commands, each recorded as it would be in the journal.
struct House {
    var directory = Directory()
    var events: [(DirectoryEvent, Timestamp)] = []
    var now = at(0)
    var actor = Actor.system("test")

    /// An administrator `root`, a project `web`, and somebody for each role, who is called after it.
    static func furnished() throws -> House {
        var house = House()
        try house.run(.addAccount(NewAccount(name: "root", email: "root@example.org", isServerAdmin: true)))
        try house.run(
            .addProject(
                ProjectSettings(name: "web", forge: .github, cloneURL: "https://forge.test/web.git"), admin: nil))
        for role in Role.allCases {
            try house.run(.addAccount(NewAccount(name: role.rawValue)))
            try house.run(.grantRole(project: house.web, account: house.id(role.rawValue), role))
        }
        try house.run(.addAccount(NewAccount(name: "stranger")))
        return house
    }

    @discardableResult
    mutating func run(_ command: DirectoryCommand) throws(DiagnosticError) -> [DirectoryEvent] {
        let decided = try directory.decide(command, by: actor, now: now)
        for event in decided {
            directory.apply(event, at: now)
            events.append((event, now))
        }
        return decided
    }

    /// The code that a command is refused with; `nil` where it is not.
    mutating func code(_ command: DirectoryCommand) -> DiagnosticCode? {
        do {
            try run(command)
            return nil
        } catch { return error.diagnostic.code }
    }

    var web: EntryID { EntryID(.project, 1) }

    func id(_ name: String) -> EntryID { directory.account(named: name)?.id ?? EntryID(.account, 999_999) }

    mutating func token(
        _ owner: TokenOwner, _ grant: TokenGrant, name: String = "ci"
    ) throws(DiagnosticError) -> EntryID {
        let id = directory.nextID(.token)
        try run(
            .issueToken(
                TokenRequest(owner: owner, name: name, prefix: "\(id)", sha256: "sha-\(id)", grant: grant)))
        return id
    }

    func may(_ principal: Principal, _ permission: Permission, _ target: AccessTarget? = nil) -> Bool {
        directory.decision(principal, permission, at: target ?? .project(web), now: now).isAllowed
    }
}
