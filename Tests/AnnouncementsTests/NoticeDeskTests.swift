// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Announcements
import Credentials
import Diagnostics
import Foundation
import HTTPMessages
import HTTPServing
import NotificationRules
import Notifications
import PipelineModel
import RunCoordination
import StructuredData
import TestPrograms
import Testing
import Timekeeping

@Suite("What people are told")
struct NoticeDeskTests {
    /// What a channel's address got: the change, and the title.
    private static func told(_ endpoint: Endpoint) -> [String] {
        endpoint.received.compactMap { $0.data["data"]?["change"]?.string }
    }

    @Test("A channel hears that a branch broke, once, and that it was fixed; what stays as it was is no news")
    func brokeAndFixed() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        let project = try ground.project()
        try ground.channel("ci", .webhook, endpoint.url, project: project)
        let announcer = Announcer(ground.surroundings())
        try await announcer.start()
        for conclusion in [Conclusion.success, .failure, .failure, .cancelled, .success, .success] {
            let end = ground.change(try ground.run(project), .finished(conclusion))
            await announcer.hear(end)
            await announcer.hear(end)
            await announcer.idle()
            try ground.list(end, conclusion)
            ground.pass(.minutes(10))
        }
        #expect(Self.told(endpoint) == ["broke", "fixed"])
        let data = try #require(endpoint.received.first?.data["data"])
        #expect(data["project"]?.string == "web")
        #expect(data["branch"]?.string == "main")
        #expect(data["run"]?.int == 2)
        #expect(data["url"]?.string == "https://ci.test/runs/2")
        #expect(ground.counts == ["webhook delivered": 2])
        await endpoint.stop()
    }

    @Test("What was not handed over is handed over later, also by the next process")
    func restart() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        endpoint.answer(OutboundAnswer(status: 503))
        let project = try ground.project()
        try ground.channel("ci", .webhook, endpoint.url, project: project)
        let first = Announcer(ground.surroundings())
        await first.hear(ground.change(try ground.run(project), .finished(.failure)))
        await first.idle()
        await first.stop()
        let second = Announcer(ground.surroundings())
        try await second.start()
        await second.tick()
        await second.idle()
        #expect(endpoint.received.count == 1)
        ground.pass(.seconds(10))
        await second.tick()
        await second.idle()
        #expect(Self.told(endpoint) == ["broke", "broke"])
        #expect(ground.counts == ["webhook retried": 1, "webhook delivered": 1])
        await endpoint.stop()
    }

    @Test("What ended just before a start and was not told is told then; what was told is not")
    func catchUp() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        let project = try ground.project()
        try ground.channel("ci", .webhook, endpoint.url, project: project)
        let end = ground.change(try ground.run(project), .finished(.failure))
        try ground.list(end, .failure)
        ground.pass(.minutes(5))
        for _ in 0..<2 {
            let announcer = Announcer(ground.surroundings())
            try await announcer.start()
            await announcer.idle()
            await announcer.stop()
        }
        #expect(Self.told(endpoint) == ["broke"])
        await endpoint.stop()
    }

    @Test("A run that waits is told of, until somebody decided")
    func waiting() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        endpoint.answer(OutboundAnswer(status: 503))
        let project = try ground.project()
        try ground.channel("ci", .webhook, endpoint.url, project: project)
        let announcer = Announcer(ground.surroundings())
        let run = try ground.run(project)
        await announcer.hear(ground.change(run, .held("It is of a fork.")))
        await announcer.idle()
        #expect(Self.told(endpoint) == ["waitingForApproval"])
        #expect(endpoint.received.first?.data["data"]?["detail"]?.string == "It is of a fork.")
        await announcer.hear(
            ApprovalNews(run: run.run, attempt: 1, isApproved: true, by: "ann", comment: nil, at: ground.now))
        ground.pass(.minutes(1))
        await announcer.tick()
        await announcer.idle()
        #expect(endpoint.received.count == 1)
        await endpoint.stop()
    }

    @Test(
        "Policies say who hears what; a document that says nothing sensible is refused, and so is one that overtakes another"
    )
    func policies() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        let project = try ground.project()
        try ground.channel("ci", .webhook, endpoint.url, project: nil)
        let announcer = Announcer(ground.surroundings())
        let book = announcer.policies
        #expect(try book.document(of: project).version == 0)
        let document: DataObject = [
            "policies": [["id": "only broken", "on": ["broke"], "branches": ["main"], "to": [["channel": "CI"]]]],
            "slack": ["U1": "ann@example.org"],
        ]
        let set = try book.set(document, of: project, replacing: 0, by: "ann", now: ground.now)
        #expect(set.version == 1)
        #expect(throws: DiagnosticError.self) {
            try book.set([:], of: project, replacing: 0, by: "bob", now: ground.now)
        }
        for wrong: DataObject in [
            ["policies": [["id": "x", "on": ["exploded"], "to": ["author"]]]], ["slack": ["U1": 7]],
            ["language": "tlh"], ["polices": []],
            [
                "policies": [
                    ["id": "x", "on": ["broke"], "to": ["author"]], ["id": "x", "on": ["broke"], "to": ["author"]],
                ]
            ],
        ] {
            #expect(throws: DiagnosticError.self) {
                try book.set(wrong, of: project, replacing: nil, by: "bob", now: ground.now)
            }
        }
        #expect(try PolicyBook(store: ground.store).document(of: project).policies?.map(\.id) == ["only broken"])
        for conclusion in [Conclusion.failure, .success] {
            await announcer.hear(ground.change(try ground.run(project), .finished(conclusion)))
            await announcer.idle()
            ground.pass(.minutes(1))
        }
        #expect(Self.told(endpoint) == ["broke"])
        await endpoint.stop()
    }

    @Test("A channel that is not there, or leads where the server does not go, is given up and reported")
    func unusable() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        let project = try ground.project()
        try ground.channel("inside", .slack, endpoint.url, project: project)
        let announcer = Announcer(ground.surroundings(isGuarded: true))
        let document: DataObject = [
            "policies": [["id": "all", "on": ["broke"], "to": [["channel": "inside"], ["channel": "gone"]]]]
        ]
        _ = try announcer.policies.set(document, of: project, replacing: nil, by: "ann", now: ground.now)
        await announcer.hear(ground.change(try ground.run(project), .finished(.failure)))
        await announcer.idle()
        #expect(ground.reports.map(\.code) == [.noticeGivenUp, .noticeGivenUp])
        #expect(ground.reports.contains { $0.message.contains("There is no channel 'gone'") })
        #expect(ground.reports.contains { $0.message.contains("does not go to this address") })
        #expect(endpoint.received.isEmpty)
        await endpoint.stop()
    }

    @Test("Slack gets blocks with buttons that name the run")
    func slack() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        let project = try ground.project()
        try ground.channel("chat", .slack, endpoint.url, project: project)
        let announcer = Announcer(ground.surroundings())
        await announcer.hear(ground.change(try ground.run(project), .finished(.failure)))
        await announcer.idle()
        let body = try #require(endpoint.received.first).data
        let actions = body["blocks"]?.array?.first { $0["type"]?.string == "actions" }?["elements"]?.array ?? []
        #expect(actions.first?["value"]?.string == "web#1")
        await endpoint.stop()
    }
}

@Suite(
    "Mail that is sent",
    .enabled(if: MailTools.isThere, "aiosmtpd cannot be had here: no mail server to test with."))
struct NoticeMailTests {
    @Test("The author hears that the branch broke, and that it was fixed; a stranger's commit has nobody written to")
    func author() async throws {
        let ground = try Ground()
        let server = try MailServer()
        let project = try ground.project()
        _ = try ground.account("bob", "bob@example.org", .approve, in: project)
        var surroundings = ground.surroundings()
        surroundings.mail = MailSettings(
            relay: try MailRelay(url: "smtp://127.0.0.1:\(server.port)?security=none"),
            sender: try MailAddress(name: "Martlet", address: "ci@example.org"), scratch: ground.folder)
        let announcer = Announcer(surroundings)
        for conclusion in [Conclusion.failure, .success] {
            let end = ground.change(try ground.run(project), .finished(conclusion))
            await announcer.hear(end)
            await announcer.idle()
            try ground.list(end, conclusion)
            ground.pass(.minutes(10))
        }
        let broke = try server.next()
        #expect(broke.strings("to") == ["ann@example.org"])
        #expect(broke["from"]?.string == "ci@example.org")
        #expect(broke["mail"]?.string?.contains("Subject: [web] CI is broken on main") == true, "\(broke)")
        #expect(try server.next()["mail"]?.string?.contains("Subject: [web] CI works again on main") == true)
        var foreign = try ground.run(project, author: "victim@example.org")
        foreign.record.givesSecrets = false
        await announcer.hear(ground.change(foreign, .held("It is of a fork.")))
        await announcer.idle()
        let waits = try server.next()
        #expect(waits.strings("to") == ["bob@example.org"])
        #expect(ground.counts == ["mail delivered": 3])
        #expect(ground.reports.isEmpty, "\(ground.reports)")
    }
}

extension NoticeMailTests {
    @Test("Who keeps a hook hears that it was switched off")
    func hookSwitchedOff() async throws {
        let ground = try Ground()
        let server = try MailServer()
        let endpoint = try await Endpoint()
        let project = try ground.project()
        _ = try ground.account("mia", "mia@example.org", .maintain, in: project)
        _ = try ground.account("bob", "bob@example.org", .approve, in: project)
        let hook = try ground.hook(endpoint.url, project: project, secret: WebhookSecret.mint().text)
        var surroundings = ground.surroundings()
        surroundings.mail = MailSettings(
            relay: try MailRelay(url: "smtp://127.0.0.1:\(server.port)?security=none"),
            sender: try MailAddress(name: "Martlet", address: "ci@example.org"), scratch: ground.folder)
        let announcer = Announcer(surroundings)
        endpoint.answer(OutboundAnswer(status: 410))
        _ = try await announcer.deliveries.test(hook, by: "mia")
        await announcer.idle()
        let mail = try server.next()
        #expect(mail.strings("to") == ["mia@example.org"])
        #expect(mail["mail"]?.string?.contains("Subject: A hook was switched off") == true)
        #expect(ground.directory.hooks[hook]?.state == .failing)
        await endpoint.stop()
    }
}

/// The SMTP server aiosmtpd, where it is or can be put.
enum MailTools {
    static let folder: String? = {
        if run(["-c", "import aiosmtpd"]) { return "" }
        let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-test-aiosmtpd").path
        let isThere = { run(["-c", "import sys; sys.path.insert(0, '\(folder)'); import aiosmtpd"]) }
        if isThere() { return folder }
        _ = run(["-m", "pip", "install", "--quiet", "--target", folder, "aiosmtpd==1.4.6"])
        return isThere() ? folder : nil
    }()

    static var isThere: Bool { folder != nil }

    private static func run(_ arguments: [String]) -> Bool {
        let process = ChildProcess()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3"] + arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

/// Takes mail at a free port of this machine, for as long as this lives.
final class MailServer {
    let port: Int
    private let process = ChildProcess()
    private let lines: FileHandle
    private var rest = Data()

    init() throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.script, MailTools.folder ?? ""]
        let output = Pipe()
        // Its own end is this one's `deinit`. Where that does not come, it sees that its parent is another: the end of a pipe
        // would not do, for other children that are started meanwhile hold it open.
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        lines = output.fileHandleForReading
        try process.run()
        var buffer = Data()
        let first = Self.line(lines, &buffer)
        rest = buffer
        port = try #require(Int(first))
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// The next mail that was taken: `from`, `to`, `mail`. Waits for it.
    func next() throws -> DataValue { try DataValue(json: Self.line(lines, &rest)) }

    private static func line(_ handle: FileHandle, _ rest: inout Data) -> String {
        while true {
            if let end = rest.firstIndex(of: 10) {
                let line = String(decoding: rest[..<end], as: UTF8.self)
                rest = Data(rest[(end + 1)...])
                return line
            }
            let more = handle.availableData
            if more.isEmpty { return "" }
            rest += more
        }
    }

    private static let script = """
        import os, sys, json, asyncio, threading
        import time
        def watch(owner):
            while os.getppid() == owner: time.sleep(0.5)
            os._exit(0)
        threading.Thread(target=watch, args=(os.getppid(),), daemon=True).start()
        if sys.argv[1]: sys.path.insert(0, sys.argv[1])
        from aiosmtpd.smtp import SMTP
        class Handler:
            async def handle_DATA(self, server, session, envelope):
                print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos,
                    "mail": envelope.original_content.decode("latin1")}), flush=True)
                return "250 OK"
        async def main():
            server = await asyncio.get_running_loop().create_server(lambda: SMTP(Handler()), "127.0.0.1", 0)
            print(server.sockets[0].getsockname()[1], flush=True)
            await server.serve_forever()
        asyncio.run(main())
        """
}
