// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Diagnostics
import StructuredData
import Testing
import Timekeeping

/// A gate with its history.
private struct Story {
    var gate = DeploymentGate()
    var events: [GateEvent] = []
    var request: GateRequest

    init(authors: Set<EntryID> = [], branch: String = "main", _ change: (inout EnvironmentRules) -> Void = { _ in }) {
        var rules = EnvironmentRules(name: "production")
        change(&rules)
        request = GateRequest(
            project: EntryID(.project, 1), run: 7, attempt: 1, job: "deploy", rules: rules, branch: branch,
            authors: authors)
    }

    mutating func tell(_ input: DeploymentGate.Input, _ minute: Int64) throws(DiagnosticError) {
        for event in try gate.decide(input, now: at(minute)) {
            gate.apply(event)
            events.append(event)
        }
    }

    mutating func open(_ minute: Int64 = 0, freeze: Freeze? = nil) throws(DiagnosticError) {
        try tell(.open(request, freeze: freeze, isMatch: { pattern, branch in pattern == branch }), minute)
    }

    mutating func code(_ input: DeploymentGate.Input, _ minute: Int64) -> DiagnosticCode? {
        do {
            try tell(input, minute)
            return nil
        } catch { return error.diagnostic.code }
    }

    var outcome: GateClosed.Outcome? { gate.closing?.outcome }
}

private func person(_ number: Int, mayApprove: Bool = true, mayOverride: Bool = false) -> GatePerson {
    GatePerson(
        account: EntryID(.account, number), name: ["", "ada", "bob", "eve"][number], mayApprove: mayApprove,
        mayOverride: mayOverride)
}

private let ada = person(1)
private let bob = person(2)
private let eve = person(3, mayApprove: false)

private func approve(_ person: GatePerson) -> DeploymentGate.Input { .review(person, isApproval: true, reason: nil) }

@Suite("A deployment's gate")
struct GateTests {
    @Test("Without rules it is open at once")
    func open() throws {
        var story = Story()
        try story.open()
        #expect(story.outcome == .approved)
        #expect(story.gate.verdict(now: at(0)).kind == .approved)
        #expect(story.gate.wakeUp(now: at(0)) == nil)
        try story.open()
        #expect(story.events.count == 2)
    }

    @Test("It waits for as many approvals as are asked for, of different people")
    func approvals() throws {
        var story = Story { $0.requiredApprovals = 2 }
        try story.open()
        #expect(story.gate.verdict(now: at(0)).sentence == "production waits for 2 approvals.")
        try story.tell(approve(ada), 1)
        try story.tell(approve(ada), 2)
        #expect(story.outcome == nil)
        #expect(story.gate.verdict(now: at(2)).sentence == "production waits for 1 approval (1 of 2: ada).")
        try story.tell(approve(bob), 3)
        #expect(story.outcome == .approved)
        #expect(story.gate.closing?.sentence == "ada, bob approved the deployment to production.")
        #expect(story.code(approve(ada), 4) == .gateClosed)
    }

    @Test("What was said with the approvals stands in the sentence, of several with who said it")
    func reasons() throws {
        var one = Story { $0.requiredApprovals = 1 }
        try one.open()
        try one.tell(.review(ada, isApproval: true, reason: "looks good"), 1)
        #expect(one.gate.closing?.sentence == "ada approved the deployment to production: looks good")
        var two = Story { $0.requiredApprovals = 2 }
        try two.open()
        try two.tell(.review(ada, isApproval: true, reason: nil), 1)
        try two.tell(.review(bob, isApproval: true, reason: "tested it"), 2)
        #expect(two.gate.closing?.sentence == "ada, bob approved the deployment to production: bob: tested it")
    }

    @Test("Who lacks the role, or is not listed, does not count")
    func whoMay() throws {
        var open = Story { $0.requiredApprovals = 1 }
        try open.open()
        #expect(open.code(approve(eve), 1) == .reviewRefused)
        #expect(open.code(.review(eve, isApproval: false, reason: nil), 1) == .reviewRefused)
        #expect(open.events.count == 1)
        var listed = Story {
            $0.requiredApprovals = 1
            $0.reviewers = [eve.account]
        }
        try listed.open()
        #expect(listed.code(approve(ada), 1) == .reviewRefused)
        try listed.tell(approve(eve), 1)
        #expect(listed.outcome == .approved)
    }

    @Test("The author's approval does not count where so set; the author may still reject")
    func author() throws {
        var story = Story(authors: [ada.account, eve.account]) {
            $0.requiredApprovals = 1
            $0.excludesAuthor = true
        }
        try story.open()
        #expect(story.code(approve(ada), 1) == .reviewRefused)
        var other = story
        try other.tell(approve(bob), 2)
        #expect(other.outcome == .approved)
        try story.tell(.review(ada, isApproval: false, reason: "mistake"), 2)
        #expect(story.outcome == .rejected)
        var lenient = Story(authors: [ada.account]) { $0.requiredApprovals = 1 }
        try lenient.open()
        try lenient.tell(approve(ada), 1)
        #expect(lenient.outcome == .approved)
    }

    @Test("One rejection ends it, with its reason")
    func rejection() throws {
        var story = Story { $0.requiredApprovals = 2 }
        try story.open()
        try story.tell(approve(ada), 1)
        try story.tell(.review(bob, isApproval: false, reason: "broken"), 2)
        #expect(story.gate.verdict(now: at(2)).kind == .rejected)
        #expect(story.gate.closing?.sentence == "bob rejected the deployment to production: broken")
        #expect(story.code(approve(bob), 3) == .gateClosed)
    }

    @Test("It waits its minutes, also when all have approved")
    func timer() throws {
        var story = Story {
            $0.requiredApprovals = 1
            $0.waitMinutes = 30
        }
        try story.open()
        try story.tell(approve(ada), 1)
        try story.tell(.tick, 29)
        #expect(story.outcome == nil)
        #expect(story.gate.wakeUp(now: at(29)) == at(30))
        #expect(story.gate.verdict(now: at(29)).sentence == "production waits until \(at(30)).")
        try story.tell(.tick, 30)
        #expect(story.outcome == .approved)
    }

    @Test("Nobody in time, and it has expired")
    func expiry() throws {
        var story = Story {
            $0.requiredApprovals = 1
            $0.expiryMinutes = 60
        }
        try story.open()
        try story.tell(.tick, 59)
        #expect(story.gate.wakeUp(now: at(59)) == at(60))
        try story.tell(.tick, 60)
        #expect(story.outcome == .expired)
        #expect(story.gate.verdict(now: at(60)).kind == .rejected)
        #expect(story.code(approve(ada), 61) == .gateClosed)
    }

    @Test("A server that was down meanwhile decides as it would have")
    func late() throws {
        var ready = Story {
            $0.waitMinutes = 30
            $0.expiryMinutes = 60
        }
        try ready.open()
        try ready.tell(.tick, 500)
        #expect(ready.outcome == .approved)
        var frozen = Story { $0.expiryMinutes = 60 }
        try frozen.open(freeze: Freeze(reason: "x", until: at(70)))
        try frozen.tell(.tick, 500)
        #expect(frozen.outcome == .expired)
        var unapproved = Story {
            $0.requiredApprovals = 1
            $0.expiryMinutes = 60
        }
        try unapproved.open()
        try unapproved.tell(approve(ada), 500)
        #expect(unapproved.outcome == .expired)
    }

    @Test("A branch that no pattern takes is refused at once")
    func branches() throws {
        var story = Story(branch: "topic") { $0.branchPatterns = ["main", "release"] }
        try story.open()
        #expect(story.outcome == .refused)
        #expect(story.gate.closing?.sentence == "production takes deployments of main, release; this is topic.")
        var main = Story(branch: "release") { $0.branchPatterns = ["main", "release"] }
        try main.open()
        #expect(main.outcome == .approved)
    }

    @Test("A frozen environment lets nothing pass until the freeze is over or lifted")
    func freeze() throws {
        var story = Story { $0.requiredApprovals = 1 }
        try story.open(freeze: Freeze(reason: "holidays", until: at(100)))
        try story.tell(approve(ada), 1)
        #expect(story.outcome == nil)
        #expect(
            story.gate.verdict(now: at(2)).sentence
                == "production waits for the end of the freeze until \(at(100)) (holidays).")
        #expect(story.gate.wakeUp(now: at(2)) == at(100))
        var over = story
        try over.tell(.tick, 100)
        #expect(over.outcome == .approved)
        try story.tell(.freeze(Freeze(reason: "longer")), 50)
        try story.tell(.freeze(Freeze(reason: "longer")), 51)
        try story.tell(.tick, 200)
        #expect(story.outcome == nil)
        #expect(story.events.count == 4)
        try story.tell(.freeze(nil), 201)
        #expect(story.outcome == .approved)
    }

    @Test("An emergency passes whatever is missing, needs the right and a reason, and is marked for ever")
    func emergency() throws {
        var story = Story { $0.requiredApprovals = 2 }
        try story.open(freeze: Freeze(reason: "holidays"))
        let boss = person(3, mayApprove: false, mayOverride: true)
        #expect(story.code(.override(ada, reason: "fire"), 1) == .reviewRefused)
        #expect(story.code(.override(boss, reason: " \n"), 1) == .reviewRefused)
        try story.tell(.override(boss, reason: "the shop is down"), 2)
        let verdict = story.gate.verdict(now: at(2))
        #expect(verdict.kind == .approved && verdict.isOverridden)
        #expect(verdict.sentence == "eve let it pass in an emergency: the shop is down")
        #expect(story.gate.closing?.by == boss.account)
        #expect(story.code(.override(boss, reason: "again"), 3) == .gateClosed)
        #expect(DeploymentGate.replay(story.events) == story.gate)
    }

    @Test("Before it is opened nothing happens")
    func unopened() throws {
        var story = Story()
        for input in [approve(ada), .tick, .freeze(Freeze(reason: "x")), .override(ada, reason: "x")] {
            try story.tell(input, 0)
        }
        #expect(story.events.isEmpty)
        #expect(story.gate.verdict(now: at(0)).kind == .waiting)
    }

    /// Random inputs in random order.
    @Test(
        "Whatever comes, a gate closes once, only with what it asks for, and its history gives it back",
        arguments: 0..<300)
    func property(seed: Int) throws {
        var dice = Dice(state: UInt64(seed) &* 104_729 &+ 3)
        var story = Story(authors: [ada.account]) {
            $0.requiredApprovals = Int(dice.next() % 3)
            $0.excludesAuthor = dice.next() % 2 == 0
            $0.waitMinutes = Int(dice.next() % 3) * 10
            $0.expiryMinutes = 60
        }
        var minute: Int64 = 0
        for _ in 0..<30 {
            minute += Int64(dice.next() % 6)
            let who = [ada, bob, eve, person(2, mayOverride: true)][Int(dice.next() % 4)]
            switch dice.next() % 12 {
            case 0...2: try story.open(minute)
            case 3...6: _ = story.code(approve(who), minute)
            case 7: _ = story.code(.review(who, isApproval: false, reason: nil), minute)
            case 8: _ = story.code(.override(who, reason: "x"), minute)
            case 9:
                try story.tell(.freeze(dice.next() % 2 == 0 ? nil : Freeze(reason: "f", until: at(minute + 9))), minute)
            default: try story.tell(.tick, minute)
            }
        }
        let closings = story.events.filter { $0.typeName == "gateClosed" }
        #expect(closings.count <= 1)
        if let closing = closings.first { #expect(story.events.last == closing) }
        let rules = story.request.rules
        if story.outcome == .approved {
            let approvers = Set(story.gate.approvals.map(\.account))
            #expect(approvers.count >= rules.requiredApprovals)
            #expect(!approvers.contains(eve.account))
            if rules.excludesAuthor { #expect(!approvers.contains(ada.account)) }
        }
        var read = DeploymentGate()
        for event in story.events {
            read.apply(
                try GateEvent(
                    typeName: event.typeName, version: event.version, payload: DataValue(json: event.payload.jsonText())
                ))
        }
        #expect(read == story.gate)
    }

    @Test("An event of a gate that is not known or cannot be read stops the reading")
    func coding() {
        for (name, version, code) in [
            ("gateMelted", 1, DiagnosticCode.unknownDirectoryEvent), ("gateOpened", 2, .unknownDirectoryEvent),
            ("gateOpened", 1, .malformedDirectoryEvent), ("gateClosed", 1, .malformedDirectoryEvent),
        ] {
            let error = #expect(throws: DiagnosticError.self) {
                try GateEvent(typeName: name, version: version, payload: [:])
            }
            #expect(error?.diagnostic.code == code)
        }
    }
}
