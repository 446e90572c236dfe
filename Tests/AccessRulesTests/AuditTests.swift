// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Diagnostics
import StructuredData
import Testing
import Timekeeping

@Suite("The audit log")
struct AuditTests {
    private func rows(_ house: House) -> [AuditRow] {
        var reading = AuditReading()
        return house.events.enumerated().map { reading.row($1.0, sequence: $0 + 1, at: $1.1) }
    }

    @Test("Each event is a sentence with the names of its time")
    func sentences() throws {
        var house = try House.furnished()
        let count = house.events.count
        let ada = Actor(.account, id: house.id("root"), name: "root", address: "10.0.0.1", userAgent: "browser")
        house.actor = ada
        let token = try house.token(.account(house.id("run")), TokenGrant([.read, .run], expiresAt: at(1)))
        house.actor = Actor(.token, id: token, owner: house.id("run"), name: "ci")
        try house.run(.note(Acted(.cancelled, project: house.web, run: 7, attempt: 2, reason: "wrong branch")))
        house.actor = ada
        try house.run(.changeAccount(house.id("run"), name: "runa", email: nil))
        try house.run(.grantRole(project: house.web, account: house.id("runa"), .maintain))
        try house.run(.removeAccount(house.id("runa")))
        try house.run(.changeProject(house.web, ProjectSettings(name: "site", forge: .git, cloneURL: "/site")))
        house.actor = .system("schedule")
        try house.run(.note(Acted(.dispatched, project: house.web, run: 8)))
        let words = rows(house).dropFirst(count).map { "\($0.who) \($0.what)" }
        #expect(
            words == [
                "root made the token ci (tok_1…) of run with the scope read and run until 2023-11-14",
                "run's token ci cancelled run 7 of web, attempt 2: wrong branch",
                "root changed the account run: name runa, address none", "root gave runa the role maintain in web",
                "root removed the account runa",
                "root changed the settings of the project web, which is called site now",
                "the server (schedule) started run 8 of site",
            ])
    }

    @Test("Every kind of event has words, a subject and a place", arguments: factSamples.indices)
    func everyFact(index: Int) {
        var reading = AuditReading()
        let row = reading.row(DirectoryEvent(factSamples[index], by: actorSamples[0]), sequence: 1, at: at(0))
        #expect(row.what.count > 5 && !row.what.hasSuffix(" ") && !row.what.contains("Optional"), "\(row.what)")
        #expect(!row.subject.isEmpty)
        #expect(!row.details.jsonText().contains("sha256"))
        #expect(row.data["at"]?.string == "2023-11-14T22:13:20Z")
    }

    @Test("What happened in a project is in the project's log")
    func places() throws {
        var house = try House.furnished()
        try house.run(.setValue(ValueKey(.secret, "A", at: .server), digest: "d"))
        try house.run(.setValue(ValueKey(.secret, "A", at: .project(house.web)), digest: "d"))
        #expect(rows(house).suffix(2).map(\.place) == [.server, .project(house.web)])
    }

    @Test("A line of CSV has its commas, quotes and line ends in quotes")
    func csv() throws {
        var house = try House.furnished()
        house.actor = Actor(.account, id: house.id("root"), name: "root", address: "::1", userAgent: "a \"b\", c")
        try house.run(.note(Acted(.rejected, project: house.web, run: 1, environment: "p", reason: "no,\r\n\"never\"")))
        let text = AuditText.csv(try #require(rows(house).last))
        #expect(text.hasPrefix("\(house.events.count),2023-11-14T22:13:20Z,root,"))
        #expect(text.contains(#","rejected the deployment of run 1 of web to p: no,"# + "\r\n" + #"""never""","#))
        #expect(text.contains(#",acted,::1,"a ""b"", c","{""act"":"#))
        #expect(text.hasSuffix("}\"\r\n"))
        #expect(AuditText.csvHeader.split(separator: ",").count == 9)
    }

    @Test(
        "No field is a formula to a spreadsheet",
        arguments: ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "|calc", "%0A", "＝1", "\n=1"])
    func formulas(name: String) throws {
        var house = try House.furnished()
        house.actor = Actor(.forge, name: name, address: name, userAgent: name)
        try house.run(.note(Acted(.cancelled, project: house.web, run: 1)))
        let row = try #require(rows(house).last)
        for field in AuditText.csv(row).components(separatedBy: ",") where field.contains(name.suffix(1)) {
            let bare = field.hasPrefix("\"") ? field.dropFirst() : Substring(field)
            #expect(!bare.hasPrefix(name), "\(field)")
        }
        #expect(AuditText.csv(row).contains("\"'\(name)"))
    }

    @Test("A line of NDJSON is one object on one line")
    func ndjson() throws {
        var house = try House.furnished()
        try house.run(.note(Acted(.cancelled, project: house.web, run: 1, reason: "a\nb")))
        let text = AuditText.ndjson(try #require(rows(house).last))
        #expect(text.filter { $0 == "\n" }.count == 1)
        let value = try DataValue(json: text)
        #expect(value["details"]?["reason"]?.string == "a\nb")
        #expect(value["who"]?.string == "the server (test)")
        #expect(value["type"]?.string == "acted")
    }
}

extension String {
    fileprivate func components(separatedBy separator: Character) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
