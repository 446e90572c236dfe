// SPDX-License-Identifier: Apache-2.0

import Credentials
import Diagnostics
import StructuredData
import Testing
import Timekeeping

private func key(_ id: String) throws -> TicketKeys.Key {
    try TicketKeys.Key(id: id, secret: [UInt8](repeating: id.utf8.first ?? 0, count: 32))
}

private let now = Timestamp(milliseconds: 1_000_000)

@Suite("Signed tickets")
struct TicketTests {
    @Test("A ticket comes back as it was given out, until it expires", arguments: SignedTicket.Purpose.allCases)
    func roundTrip(purpose: SignedTicket.Purpose) throws {
        let keys = TicketKeys(current: try key("a"))
        let ticket = SignedTicket(purpose, ["account": "acc_1", "n": 3], expiresAt: now + .minutes(5))
        let text = try ticket.text(keys: keys, binding: "browser")
        let late = now + .milliseconds(5 * 60_000 - 1)
        #expect(try SignedTicket(text: text, purpose, keys: keys, binding: "browser", now: late) == ticket)
        let error = #expect(throws: DiagnosticError.self) {
            try SignedTicket(text: text, purpose, keys: keys, binding: "browser", now: now + .minutes(5))
        }
        #expect(error?.diagnostic.code == .ticketRefused)
        #expect(error?.diagnostic.message.contains("expired") == true)
    }

    @Test("A ticket is good for nothing else, and bound to nothing else")
    func purposes() throws {
        let keys = TicketKeys(current: try key("a"))
        let text = try SignedTicket(.form, "x", expiresAt: now + .minutes(5)).text(keys: keys, binding: "session 1")
        for purpose in SignedTicket.Purpose.allCases {
            for binding in ["session 1", "session 2", ""] where purpose != .form || binding != "session 1" {
                #expect(throws: DiagnosticError.self, "\(purpose) \(binding)") {
                    try SignedTicket(text: text, purpose, keys: keys, binding: binding, now: now)
                }
            }
        }
    }

    @Test("Purpose and binding cannot be shifted into each other")
    func shifting() throws {
        let keys = TicketKeys(current: try key("a"))
        let text = try SignedTicket(.link, "x", expiresAt: now + .minutes(5)).text(keys: keys, binding: "1,4:form")
        #expect(throws: DiagnosticError.self) {
            try SignedTicket(text: text, .form, keys: keys, binding: "1", now: now)
        }
    }

    @Test("A changed character anywhere makes it worthless")
    func tampering() throws {
        let keys = TicketKeys(current: try key("a"), previous: try key("b"))
        let text = Array(try SignedTicket(.session, "acc_1", expiresAt: now + .minutes(5)).text(keys: keys))
        for index in text.indices {
            var changed = text
            changed[index] = changed[index] == "b" ? "c" : "b"
            #expect(throws: DiagnosticError.self, "\(index)") {
                try SignedTicket(text: String(changed), .session, keys: keys, now: now)
            }
        }
        for wrong in ["", "a", "a.b", "a..", "...", "a.e30.", String(repeating: "a.", count: 100_000)] {
            #expect(throws: DiagnosticError.self) { try SignedTicket(text: wrong, .session, keys: keys, now: now) }
        }
    }

    @Test("After one rotation old tickets are good, after two they are not")
    func rotation() throws {
        let first = TicketKeys(current: try key("a"))
        let text = try SignedTicket(.session, "acc_1", expiresAt: now + .days(1)).text(keys: first)
        let second = first.rotated(to: try key("b"))
        #expect(try SignedTicket(text: text, .session, keys: second, now: now).value == "acc_1")
        #expect(try SignedTicket(.session, 1, expiresAt: now + .days(1)).text(keys: second).hasPrefix("b."))
        let third = second.rotated(to: try key("c"))
        #expect(throws: DiagnosticError.self) { try SignedTicket(text: text, .session, keys: third, now: now) }
    }

    @Test("A key of the same name with other bytes opens nothing")
    func sameName() throws {
        let text = try SignedTicket(.link, 1, expiresAt: now + .days(1)).text(keys: TicketKeys(current: try key("a")))
        let other = TicketKeys(current: try TicketKeys.Key(id: "a", secret: [UInt8](repeating: 1, count: 32)))
        #expect(throws: DiagnosticError.self) { try SignedTicket(text: text, .link, keys: other, now: now) }
    }

    @Test("Weak keys, odd names and long values are refused")
    func limits() throws {
        for (id, count) in [("a", 31), ("", 32), ("a.b", 32), ("abcdefghijklmnopq", 32), ("ä", 32)] {
            let error = #expect(throws: DiagnosticError.self) {
                try TicketKeys.Key(id: id, secret: [UInt8](repeating: 0, count: count))
            }
            #expect(error?.diagnostic.code == .signingSecretUnusable)
        }
        let long = DataValue.string(String(repeating: "x", count: 3000))
        #expect(throws: DiagnosticError.self) {
            try SignedTicket(.link, long, expiresAt: now).text(keys: TicketKeys(current: key("a")))
        }
    }

    @Test("Two tickets of the same value have different names")
    func names() {
        #expect(SignedTicket(.link, 1, expiresAt: now).id != SignedTicket(.link, 1, expiresAt: now).id)
    }
}
