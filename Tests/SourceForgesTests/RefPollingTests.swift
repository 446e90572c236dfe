// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import SourceForges
import StructuredData
import Testing

private let repository = ForgeRepository(fullName: "lark/tern", defaultBranch: "trunk")

private func listing(_ refs: [String: String]) throws -> RefListing {
    try RefListing(lsRemote: refs.map { "\($0.value)\t\($0.key)\n" }.joined())
}

private func poll(
    _ refs: [String: String], _ seen: RefMemory, current: RefMemory? = nil, limit: Int = ForgeLimits.eventsAPoll
) throws -> RefPolling {
    try RefPolling(
        try listing(refs), seen: seen, current: current, repository: repository, forge: .github, limit: limit)
}

private func commit(_ number: Int) -> String {
    let digits = String(number + 1, radix: 16)
    return String(repeating: "0", count: 40 - digits.count) + digits
}

@Suite("A list of refs")
struct RefListingTests {
    @Test("It is read as git prints it: HEAD, branches, tags and what they point to")
    func printed() throws {
        let text = """
            ref: refs/heads/main\tHEAD
            \(commitA)\tHEAD
            \(commitA)\trefs/heads/main
            \(commitB)\trefs/heads/feature/moss
            \(commitC)\trefs/pull/7/head
            \(commitD)\trefs/tags/v1
            \(commitA)\trefs/tags/v1^{}
            \(commitB)\trefs/tags/light
            """
        let listing = try RefListing(lsRemote: text)
        #expect(listing.defaultBranch == "main")
        #expect(
            listing.refs == [
                "refs/heads/main": commitA, "refs/heads/feature/moss": commitB, "refs/pull/7/head": commitC,
                "refs/tags/v1": commitA, "refs/tags/light": commitB,
            ])
        #expect(try RefListing(lsRemote: text.replacingOccurrences("\n", "\r\n")).refs == listing.refs)
        #expect(try RefListing(lsRemote: "").refs.isEmpty)
    }

    @Test(
        "What is no such list is refused",
        arguments: [
            "fatal: not found", "\(commitA) refs/heads/main", "\(commitA.dropLast())\trefs/heads/main", "\t",
            "HEAD\tHEAD",
        ])
    func broken(text: String) {
        #expect(code { _ = try RefListing(lsRemote: text) } == .refListMalformed)
    }

    @Test("Names that no repository may have are passed over, and too many refs refused")
    func limits() throws {
        let odd = "\(commitA)\trefs/heads/a..b\n\(commitA)\trefs/heads/a b\n\(commitA)\t--x\n"
        #expect(try RefListing(lsRemote: odd).refs.isEmpty)
        let many = (0...ForgeLimits.refs).map { "\(commitA)\trefs/heads/b\($0)\n" }.joined()
        #expect(code { _ = try RefListing(lsRemote: many) } == .refListTooLong)
    }
}

extension String {
    fileprivate func replacingOccurrences(_ old: Character, _ new: String) -> String {
        map { $0 == old ? new : String($0) }.joined()
    }
}

@Suite("Polling a remote")
struct RefPollingTests {
    @Test("The first poll only remembers")
    func first() throws {
        let result = try poll(["refs/heads/main": commitA, "refs/pull/7/head": commitB], RefMemory())
        #expect(result.deliveries.isEmpty)
        #expect(result.memory.isPrimed)
        #expect(result.memory.refs.count == 2)
        #expect(try poll(["refs/heads/main": commitA, "refs/pull/7/head": commitB], result.memory).deliveries.isEmpty)
    }

    @Test("What moved, came and went is told as a forge would")
    func changes() throws {
        let seen = try poll(
            ["refs/heads/main": commitA, "refs/heads/old": commitA, "refs/pull/7/head": commitA], RefMemory()
        ).memory
        let result = try poll(
            [
                "refs/heads/main": commitB, "refs/heads/new": commitC, "refs/tags/v1": commitB,
                "refs/pull/7/head": commitC, "refs/pull/8/head": commitD, "refs/pull/8/merge": commitD,
                "refs/notes/x": commitD,
            ], seen)
        #expect(
            result.deliveries.map(\.id) == [
                "poll:refs/heads/main:\(commitB)", "poll:refs/heads/new:\(commitC)",
                "poll:refs/heads/old:deleted-\(commitA)", "poll:refs/tags/v1:\(commitB)",
                "poll:refs/pull/7/head:\(commitC)", "poll:refs/pull/8/head:\(commitD)",
            ])
        #expect(
            result.deliveries.map { $0.events.map(\.name) } == [
                ["push"], ["push", "create"], ["push", "delete"], ["push", "create"], ["pull_request"],
                ["pull_request"],
            ])
        let main = try #require(result.deliveries[0].events.first)
        #expect(main.kind == .push)
        #expect(main.before == commitA)
        #expect(main.commit == commitB)
        #expect(main.changedPaths == nil)
        #expect(main.repository?.defaultBranch == "trunk")
        #expect(main.sender == nil)
        let moved = try #require(result.deliveries[4].events.first)
        #expect(moved.action == "synchronize")
        #expect(moved.before == commitA)
        #expect(result.deliveries[5].events.first?.action == "opened")
        #expect(result.leftOver == 0)
        #expect(result.memory.refs["refs/notes/x"] == nil)
    }

    @Test("A polled pull request counts as a fork's: a ref does not say whose it is")
    func untrusted() throws {
        let seen = try poll([:], RefMemory()).memory
        let result = try RefPolling(
            try listing(["refs/merge-requests/3/head": commitA]), seen: seen, repository: repository, forge: .gitlab)
        let request = try #require(result.deliveries.first?.events.first?.pullRequest)
        #expect(request.number == 3)
        #expect(request.isFork)
        #expect(request.baseRef == nil)
        #expect(request.fetchRef == "refs/merge-requests/3/head")
        #expect(ForkTrust(request, .firstTimeContributors).isApprovalNeeded)
    }

    @Test("What a webhook told is not told again, also when it came while git was asked")
    func webhooks() throws {
        let seen = try poll(["refs/heads/main": commitA, "refs/pull/7/head": commitA], RefMemory()).memory
        var noted = seen
        for path in ["github/push", "github/push-tag", "github/pull-request-opened"] {
            noted.note(try Payloads.event(path))
        }
        let now = ["refs/heads/main": commitC, "refs/tags/v1.2.0": commitC, "refs/pull/7/head": commitC]
        #expect(noted.refs == now)
        #expect(try poll(now, noted).deliveries.isEmpty)
        // Git was asked before the push; the webhook came before git's answer.
        let late = try poll(["refs/heads/main": commitA, "refs/pull/7/head": commitA], seen, current: noted)
        #expect(late.deliveries.isEmpty)
        #expect(late.memory.refs == now)
        #expect(try poll(now, late.memory).deliveries.isEmpty)
        var gone = noted
        gone.note(try Payloads.event("github/push-deleted"))
        #expect(gone.refs == now)
        var unprimed = RefMemory()
        unprimed.note(try Payloads.event("github/push"))
        #expect(unprimed == RefMemory())
    }

    @Test("Over the limit, the rest comes with the next polls: all is told, once", arguments: [1, 3, 100])
    func limited(limit: Int) throws {
        var memory = try poll(["refs/heads/main": commitA], RefMemory()).memory
        var refs = ["refs/heads/main": commitA]
        for number in 0..<25 { refs["refs/heads/b\(number)"] = commit(number) }
        var told: [String] = []
        for _ in 0..<40 {
            let result = try poll(refs, memory, limit: limit)
            #expect(result.deliveries.count <= limit)
            #expect(result.deliveries.count + result.leftOver == 25 - told.count)
            told += result.deliveries.map(\.id)
            memory = result.memory
        }
        #expect(Set(told).count == 25 && told.count == 25)
        #expect(memory.refs == refs)
    }

    @Test("Whatever happens between polls, each poll leads from what was seen to what is there")
    func histories() throws {
        var state: UInt64 = 7
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        var refs: [String: String] = [:]
        var memory = try poll(refs, RefMemory()).memory
        for round in 0..<300 {
            for _ in 0..<random(6) {
                let kind = ["refs/heads/b", "refs/tags/t", "refs/pull/"][random(3)]
                let name = kind + String(random(5) + 1) + (kind == "refs/pull/" ? "/head" : "")
                refs[name] = random(4) == 0 ? nil : commit(random(9))
            }
            let limit = random(4) == 0 ? 2 : 100
            var replayed = memory.refs
            let result = try poll(refs, memory, limit: limit)
            for delivery in result.deliveries {
                #expect(delivery.id.hasPrefix("poll:refs/"))
                for event in delivery.events where event.name == "push" {
                    let ref = try #require(event.ref)
                    #expect(replayed[ref] ?? noCommit == event.before, "round \(round)")
                    replayed[ref] = event.commit
                }
            }
            if result.leftOver == 0 {
                #expect(result.memory.refs == refs)
                let isKnown = { (pair: (key: String, value: String)) in !pair.key.hasPrefix("refs/pull/") }
                #expect(replayed.filter(isKnown) == refs.filter(isKnown), "round \(round)")
            }
            #expect(try poll(refs, result.memory).deliveries.count <= result.leftOver)
            memory = try RefMemory(data: DataValue(json: result.memory.data.jsonText()))
            #expect(memory == result.memory)
        }
    }

    @Test("A memory that is broken is not taken")
    func stored() {
        for data: DataValue in [[:], ["refs": []], ["refs": ["main": .string(commitA)]], ["refs": ["refs/heads/a": 1]]]
        {
            #expect(throws: DataShapeError.self) { try RefMemory(data: data) }
        }
    }
}
