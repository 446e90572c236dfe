// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Foundation
import NotificationRules
import Notifications
import StructuredData
import TestFolders
import Testing

private func folder() throws -> String { try OwnFolders.make() }

private func mail(to address: String = "ann@example.org") throws -> MailMessage {
    MailMessage(
        notice(), to: try MailAddress(name: "Ann", address: address),
        from: try MailAddress(name: "Martlet", address: "ci@ci.example.org"), language: .english, now: now)
}

private func code(of outcome: SendOutcome) -> String {
    switch outcome {
    case .delivered: "delivered"
    case .retry(let why, _): "retry \(why.code)"
    case .givenUp(let why): "given up \(why.code)"
    }
}

@Suite(
    "A mail server takes the mail",
    .ownFolders,
    .enabled(if: PythonTools.hasMailServer, "aiosmtpd cannot be had here, or openssl: no mail server to test with."))
struct MailRelayTests {
    private let login = MailRelay.Login(name: MailServer.login.name, password: MailServer.login.password)

    @Test("As it was written, byte for byte, to the one it is for")
    func plain() throws {
        let folder = try folder()
        let server = try MailServer(.plain, folder: folder)
        let relay = try MailRelay(host: "127.0.0.1", port: server.port, security: .none, ownName: "ci.example.org")
        let message = try mail()
        #expect(try relay.send(message, scratch: folder) == .delivered)
        let taken = try server.next()
        #expect(taken["mail"]?.string == String(decoding: message.bytes, as: UTF8.self))
        #expect(taken["from"]?.string == "ci@ci.example.org")
        #expect(taken.strings("to") == ["ann@example.org"])
        #expect(taken["helo"]?.string == "ci.example.org")
        #expect(try Trees.list(folder).filter { $0.name.hasSuffix(".eml") }.isEmpty)
    }

    @Test("What it refuses for good is given up, what it may take later is tried again")
    func refusals() throws {
        let folder = try folder()
        let server = try MailServer(.plain, folder: folder)
        let relay = try MailRelay(host: "127.0.0.1", port: server.port, security: .none)
        let unknown = try relay.send(mail(to: "nobody@example.org"), scratch: folder)
        #expect(code(of: unknown) == "given up MRT1116")
        if case .givenUp(let why) = unknown { #expect(why.message.contains("550 5.1.1 No such person")) }
        #expect(code(of: try relay.send(mail(to: "spam@example.org"), scratch: folder)) == "given up MRT1116")
        let busy = try relay.send(mail(to: "busy@example.org"), scratch: folder)
        #expect(code(of: busy) == "retry MRT1118")
        if case .retry(let why, _) = busy { #expect(why.message.contains("451 4.7.1 Come back later")) }
    }

    @Test(
        "Over STARTTLS or TLS, with a login and a certificate that is trusted",
        arguments: [MailServer.Kind.startTLS, .tls])
    func encrypted(kind: MailServer.Kind) throws {
        let folder = try folder()
        let server = try MailServer(kind, folder: folder)
        var relay = try MailRelay(
            host: "127.0.0.1", port: server.port, security: kind == .tls ? .tls : .startTLS, login: login)
        let untrusted = try relay.send(mail(), scratch: folder)
        #expect(code(of: untrusted) == "retry MRT1117")
        relay.trustedCertificates = server.certificate
        #expect(try relay.send(mail(), scratch: folder) == .delivered)
        let taken = try server.next()
        #expect(taken["login"]?.bool == true)
        relay.login?.password = "wrong"
        let refused = try relay.send(mail(), scratch: folder)
        #expect(code(of: refused) == "retry MRT1117")
        if case .retry(let why, _) = refused { #expect(why.message.contains("535")) }
        relay.login = nil
        #expect(code(of: try relay.send(mail(), scratch: folder)) == "retry MRT1117")
    }

    @Test("Where STARTTLS is asked for and not offered, nothing is sent")
    func downgrade() throws {
        let folder = try folder()
        let server = try MailServer(.plain, folder: folder)
        var relay = try MailRelay(host: "127.0.0.1", port: server.port, security: .startTLS, login: login)
        #expect(code(of: try relay.send(mail(), scratch: folder)) == "retry MRT1117")
        relay.security = .none
        relay.login = nil
        #expect(try relay.send(mail(), scratch: folder) == .delivered)
        // The first mail that it took.
        #expect(try server.next()["tls"]?.bool == false)
    }

    @Test("Neither the login nor the mail stands on a command line")
    func commandLine() throws {
        let folder = try folder()
        let server = try MailServer(.startTLS, folder: folder)
        let script =
            "#!/bin/sh\nprintf '%s\\n' \"$@\" > '\(folder)/arguments'\nexec /usr/bin/env PATH='\(ProcessInfo.processInfo.environment["PATH"] ?? "")' curl \"$@\"\n"
        try Files.write(Array(script.utf8), to: folder + "/curl", mode: 0o755)
        var relay = try MailRelay(host: "127.0.0.1", port: server.port, security: .startTLS, login: login)
        relay.trustedCertificates = server.certificate
        relay.program = folder + "/curl"
        #expect(try relay.send(mail(), scratch: folder) == .delivered)
        let arguments = String(decoding: try Files.read(folder + "/arguments", limit: 4_096), as: UTF8.self)
        #expect(arguments == "-q\n--config\n-\n")
    }

    @Test("Where there is no server, the mail is tried again")
    func nobody() throws {
        let folder = try folder()
        let server = try MailServer(.plain, folder: folder)
        let port = server.port
        withExtendedLifetime(server) {}
        var relay = try MailRelay(host: "127.0.0.1", port: port, security: .none)
        relay.host = "127.0.0.2"
        #expect(code(of: try relay.send(mail(), scratch: folder)) == "retry MRT1118")
        relay.host = "no-such-host.invalid"
        #expect(code(of: try relay.send(mail(), scratch: folder)) == "retry MRT1118")
    }
}

@Suite("Settings of mail")
struct MailSettingsTests {
    @Test("Hosts, ports and logins that could say something else to the mail program are refused")
    func refused() {
        let login = MailRelay.Login(name: "ci", password: "p")
        for host in ["", "a b", "a/b", "a\nuser=x", "a\"", "a@b"] {
            #expect(code { _ = try MailRelay(host: host, port: 25, security: .none) } == .mailSettingsInvalid)
        }
        for port in [0, 65_536, -1] {
            #expect(code { _ = try MailRelay(host: "h", port: port, security: .none) } == .mailSettingsInvalid)
        }
        #expect(code { _ = try MailRelay(host: "h", port: 25, security: .none, login: login) } == .mailSettingsInvalid)
        #expect(
            code { _ = try MailRelay(host: "h", port: 25, security: .none, ownName: "a/b") } == .mailSettingsInvalid)
        for name in ["a:b", "", "a\nurl = x"] {
            let odd = MailRelay.Login(name: name, password: "p")
            #expect(code { _ = try MailRelay(host: "h", port: 25, security: .tls, login: odd) } == .mailSettingsInvalid)
        }
        #expect(code { _ = try MailRelay(host: "[::1]", port: 587, security: .startTLS, login: login) } == nil)
    }
}
