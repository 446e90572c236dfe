// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Diagnostics
import StructuredData
import Testing
import Timekeeping

/// What version 1 of each event looked like when it was first written. These lines are in journals: they are never
/// changed, only added to.
private let firstForms = #"""
    accountAdded 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"account":"acc_3","name":"ada","email":"ada@example.org","password":"passwords/1","identity":{"issuer":"https://id.test","subject":"7"},"serverAdmin":true}
    accountChanged 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"account":"acc_3","name":"ada.l","email":"ada@example.org"}
    accountDisabled 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"account":"acc_3","reason":"left"}
    accountEnabled 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"account":"acc_3"}
    accountRemoved 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"account":"acc_3"}
    passwordSet 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"account":"acc_3","password":"passwords/2"}
    identityLinked 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"account":"acc_3","identity":{"issuer":"https://id.test","subject":"8"}}
    serverAdminSet 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"account":"acc_3","serverAdmin":true}
    sessionsEnded 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"account":"acc_3"}
    signedIn 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"account":"acc_3","method":"password"}
    signInBlocked 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"name":"ada","failures":6}
    tokenIssued 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"token":"tok_5","owner":"acc_3","name":"ci","prefix":"AbCdEfGh","sha256":"00ff","grant":{"scopes":["read","run"],"projects":["prj_2"],"expires":1700003600000}}
    tokenRevoked 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"token":"tok_5","owner":"prj_2","reason":"leaked"}
    projectAdded 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"project":"prj_2","settings":{"name":"web","forge":"gitlab","clone":"https://forge.test/web.git","branch":"trunk","forks":"run","status":"everyone","paused":true,"options":{"timezone":"UTC"}}}
    projectChanged 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"project":"prj_2","settings":{"name":"web","forge":"gitlab","clone":"https://forge.test/web.git","branch":"trunk","forks":"run","status":"everyone","paused":true,"options":{"timezone":"UTC"}}}
    projectRemoved 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"project":"prj_2"}
    webhookSecretSet 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"project":"prj_2","secret":"hooks/1"}
    roleGranted 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"project":"prj_2","account":"acc_3","role":"maintain"}
    roleWithdrawn 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"project":"prj_2","account":"acc_3"}
    environmentSet 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"project":"prj_2","rules":{"name":"production","approvals":1,"reviewers":["acc_3"],"notAuthor":true,"waitMinutes":5,"branches":["main","release/*"],"expiryMinutes":600}}
    environmentRemoved 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"project":"prj_2","environment":"production"}
    environmentFrozen 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"project":"prj_2","environment":"production","freeze":{"reason":"holidays","until":1700000540000}}
    environmentThawed 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"project":"prj_2","environment":"production"}
    valueSet 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"value":{"kind":"secret","name":"KEY","at":{"project":"prj_2","environment":"production"}},"version":3,"digest":"ab"}
    valueRemoved 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"value":{"kind":"variable","name":"REGION","at":{}}}
    registrationIssued 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"registration":"reg_1","offer":{"prefix":"AbCdEfGh","group":"gpu","labels":["gpu"],"ephemeral":true,"once":true,"expires":1700003600000},"sha256":"11"}
    registrationRevoked 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"registration":"reg_1"}
    runnerRegistered 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"runner":"rnr_4","traits":{"name":"box","labels":["gpu","linux"],"group":"gpu","capacity":4,"ephemeral":true},"sha256":"22","registration":"reg_1"}
    runnerChanged 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"runner":"rnr_4","traits":{"name":"box","labels":["gpu","linux"],"group":"gpu","capacity":4,"ephemeral":true},"disabled":true}
    runnerRemoved 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"runner":"rnr_4","reason":"done"}
    hookSet 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"hook":"hok_1","settings":{"project":"prj_2","url":"https://a.test/","events":["run.finished"],"secret":"hooks/2"}}
    hookStateSet 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"hook":"hok_1","state":"failing","reason":"410","project":"prj_2"}
    hookRemoved 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"hook":"hok_1","project":"prj_2"}
    channelSet 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"channel":"chn_1","settings":{"project":"prj_2","name":"dev","kind":"slack","address":"channels/1","events":["run.failed"]}}
    channelRemoved 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"channel":"chn_1","project":"prj_2"}
    notificationsSet 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"project":"prj_2","version":4}
    deliveryAsked 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"hook":"hok_1","project":"prj_2","delivery":"evt_1"}
    acted 1 {"by":{"kind":"account","id":"acc_3","name":"ada","address":"10.0.0.1","agent":"curl/8"},"act":"overrode","project":"prj_2","run":12,"attempt":2,"job":"deploy","environment":"production","reason":"fire"}
    """#

@Suite("Events of the directory")
struct EventTests {
    @Test("There is a sample of each, and each sample comes back from its JSON", arguments: factSamples.indices)
    func roundTrip(index: Int) throws {
        let fact = factSamples[index]
        for actor in actorSamples {
            let event = DirectoryEvent(fact, by: actor)
            let text = event.payload.jsonText()
            let read = try DirectoryEvent(
                typeName: event.typeName, version: event.version, payload: DataValue(json: text))
            #expect(read == event)
            #expect(text.utf8.count < 4000)
        }
        #expect(factSamples.map(\.typeName).sorted() == DirectoryFact.typeNames)
    }

    @Test("Events that were written long ago are read as what they were")
    func frozen() throws {
        let lines = firstForms.split(separator: "\n")
        #expect(lines.count == factSamples.count)
        for (line, fact) in zip(lines, factSamples) {
            let parts = line.split(separator: " ", maxSplits: 2)
            let event = try DirectoryEvent(
                typeName: String(parts[0]), version: try #require(Int(parts[1])),
                payload: DataValue(json: String(parts[2])))
            #expect(event == DirectoryEvent(fact, by: actorSamples[0]), "\(parts[0])")
        }
    }

    @Test("Unknown keys are passed over, and what was added later has its default")
    func tolerant() throws {
        let payload: DataValue = [
            "by": ["kind": "system", "name": "x", "later": 1], "project": "prj_1", "later": ["a": true],
            "settings": ["name": "web", "clone": "/web", "forks": "a policy of the future", "later": true],
        ]
        let event = try DirectoryEvent(typeName: "projectAdded", version: 1, payload: payload)
        guard case .projectAdded(let body) = event.fact else {
            Issue.record("\(event)")
            return
        }
        #expect(body.settings.forge == .git)
        #expect(body.settings.defaultBranch == "main")
        #expect(body.settings.forkPolicy == .ignore)
        #expect(body.settings.statusVisibility == .members)
        let grant = try TokenGrant(data: ["scopes": ["read", "everything"], "projects": ["prj_1", "nonsense"]])
        #expect(grant == TokenGrant([.read], projects: [EntryID(.project, 1)]))
    }

    @Test("A project list that cannot be read bounds the token to nothing, not to everything")
    func boundStaysBound() throws {
        #expect(try TokenGrant(data: ["scopes": ["read"], "projects": ["?"]]).projects == [])
        #expect(try TokenGrant(data: ["scopes": ["read"]]).projects == nil)
    }

    @Test("A type or version of the future, or a payload without what it must have, stops the reading")
    func refused() throws {
        let by: DataValue = ["kind": "system", "name": "x"]
        let cases: [(String, Int, DataValue, DiagnosticCode)] = [
            ("accountTeleported", 1, ["by": by], .unknownDirectoryEvent),
            ("accountRemoved", 2, ["by": by, "account": "acc_1"], .unknownDirectoryEvent),
            ("accountRemoved", 0, ["by": by, "account": "acc_1"], .unknownDirectoryEvent),
            ("accountRemoved", 1, ["by": by], .malformedDirectoryEvent),
            ("accountRemoved", 1, ["by": by, "account": "prj_1"], .malformedDirectoryEvent),
            ("accountRemoved", 1, ["account": "acc_1"], .malformedDirectoryEvent),
            (
                "roleGranted", 1, ["by": by, "account": "acc_1", "project": "prj_1", "role": "god"],
                .malformedDirectoryEvent
            ),
            ("acted", 1, .null, .malformedDirectoryEvent),
        ]
        for (name, version, payload, code) in cases {
            let error = #expect(throws: DiagnosticError.self, "\(name)") {
                try DirectoryEvent(typeName: name, version: version, payload: payload)
            }
            #expect(error?.diagnostic.code == code, "\(name)")
        }
    }

    @Test("Folding is the same each time, from events as from their JSON")
    func deterministic() throws {
        var house = try House.furnished()
        _ = try house.token(.account(house.id("run")), TokenGrant([.run]))
        try house.run(.setEnvironment(house.web, EnvironmentRules(name: "production")))
        try house.run(.setValue(ValueKey(.secret, "A", at: .project(house.web)), digest: "d"))
        try house.run(.removeAccount(house.id("stranger")))
        #expect(Directory.replay(house.events) == house.directory)
        #expect(Directory.replay(house.events) == Directory.replay(house.events))
        var read = Directory()
        for (event, time) in house.events {
            read.apply(
                try DirectoryEvent(
                    typeName: event.typeName, version: event.version, payload: DataValue(json: event.payload.jsonText())
                ),
                at: time)
        }
        #expect(read == house.directory)
    }

    @Test("Events about what is not there change nothing and do not fail")
    func strayEvents() {
        var directory = Directory()
        let order = factSamples.filter { !$0.typeName.hasSuffix("Added") && !$0.typeName.hasSuffix("Issued") }
        for fact in order.reversed() { directory.apply(DirectoryEvent(fact, by: actorSamples[0]), at: at(0)) }
        #expect(directory.accounts.isEmpty && directory.projects.isEmpty && directory.tokens.isEmpty)
        #expect(directory.version == order.count)
    }

    @Test("What came from outside is cut before it is recorded")
    func bounded() {
        let long = String(repeating: "é", count: 10_000)
        let actor = Actor(.forge, name: long, address: long, userAgent: long)
        #expect(actor.data.jsonText().utf8.count < 1000)
        let act = Acted(.cancelled, project: EntryID(.project, 1), run: 1, reason: long)
        #expect(act.data.jsonText().utf8.count < 1200)
    }
}
