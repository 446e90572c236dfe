// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import HTTPMessages
import IdentityProviders
import StructuredData
import TestPrograms
import Testing
import Timekeeping

/// Against a provider that others wrote, on a port of this machine. Where it cannot be installed this says so and does not
/// run.
@Suite(.serialized) struct RealProviderTests {
    private static let isThere = RealProvider.python != nil

    @Test("Somebody signs in at a real provider, once", .enabled(if: isThere))
    func signIn() async throws {
        let real = try RealProvider()
        defer { real.stop() }
        let settings = try ProviderSettings(
            issuer: "http://127.0.0.1:\(real.port)", clientID: "martlet", clientSecret: "a/secret +",
            redirectURL: "http://127.0.0.1:9/auth/back")
        let client = IdentityProvider(settings: settings, transport: Curl.transport)
        let start = try await client.begin(now: .now())
        let query = try await agree(start.url)
        // With another verifier the code is worth nothing.
        let thief = try SignInAttempt(data: [
            "s": .string(start.attempt.state), "n": .string(start.attempt.nonce),
            "v": .string(String(repeating: "x", count: 43)),
        ])
        let theft = await #expect(throws: DiagnosticError.self) {
            try await client.finish(query: query, attempt: thief, now: .now())
        }
        #expect(theft?.diagnostic.code == .signInDenied)
        let person = try await client.finish(query: query, attempt: start.attempt, now: .now())
        #expect(person.subject == "ada")
        #expect(person.email == "ada@example.org" && person.isEmailVerified)
        #expect(person.name == "Ada Lovelace" && person.userName == "ada")
        #expect(person.groups == ["builders"])
        let again = await #expect(throws: DiagnosticError.self) {
            try await client.finish(query: query, attempt: start.attempt, now: .now())
        }
        #expect(again?.diagnostic.code == .signInDenied)
        let late = try await client.begin(now: .now())
        let lateQuery = try await agree(late.url)
        let expired = await #expect(throws: DiagnosticError.self) {
            try await client.finish(query: lateQuery, attempt: late.attempt, now: .now() + .days(1))
        }
        #expect(expired?.diagnostic.code == .idTokenRefused)
    }

    @Test("Somebody who does not agree is not signed in", .enabled(if: isThere))
    func denied() async throws {
        let real = try RealProvider()
        defer { real.stop() }
        let settings = try ProviderSettings(
            issuer: "http://127.0.0.1:\(real.port)", clientID: "martlet", clientSecret: "a/secret +",
            redirectURL: "http://127.0.0.1:9/auth/back")
        let client = IdentityProvider(settings: settings, transport: Curl.transport)
        let start = try await client.begin(now: .now())
        let query = try await agree(start.url, form: "action=deny")
        let error = await #expect(throws: DiagnosticError.self) {
            try await client.finish(query: query, attempt: start.attempt, now: .now())
        }
        #expect([.signInDenied, .signInStateRefused].contains(error?.diagnostic.code))
    }

    /// What a browser does: sends the form of the provider's page, and follows to the address that comes back.
    private func agree(_ url: String, form: String = "sub=ada") async throws -> String {
        let page = try await Curl.transport(HTTPCall("GET", url))
        #expect(page.status == 200)
        let answer = try await Curl.transport(
            HTTPCall(
                "POST", url, headers: [("Content-Type", "application/x-www-form-urlencoded")], body: Array(form.utf8)))
        let location = try #require(answer.headers["Location"], "status \(answer.status)")
        return String(location.drop { $0 != "?" }.dropFirst())
    }
}

/// The provider's process.
private final class RealProvider {
    private let process = ChildProcess()
    private let input = Pipe()
    let port: Int

    private static let folder =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/Fixtures/oidc-provider"

    /// A Python that has what the provider needs; made once a machine.
    static let python: String? = {
        let place = NSTemporaryDirectory() + "martlet-oidc-provider-\(getuid())"
        let install = ChildProcess()
        install.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        install.arguments = ["bash", folder + "/install", place]
        install.standardOutput = FileHandle.nullDevice
        install.standardError = FileHandle.nullDevice
        if (try? install.run()) != nil {
            install.waitUntilExit()
            if install.terminationStatus == 0 { return place + "/bin/python" }
        }
        FileHandle.standardError.write(
            Data(
                "Not tested: a real OpenID provider; the Python package oidc-provider-mock cannot be installed.\n".utf8)
        )
        return nil
    }()

    init() throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: try #require(Self.python))
        process.arguments = [Self.folder + "/provider.py"]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var line = Data()
        while !line.contains(10) {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { break }
            line += more
        }
        let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        port = try #require(Int(text), "the provider did not start")
    }

    func stop() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}

/// A transport that is good enough for a test.
private enum Curl {
    static let transport: HTTPTransport = { call async throws(DiagnosticError) in
        let process = ChildProcess()
        let input = Pipe()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        var arguments = ["curl", "-s", "-i", "--noproxy", "*", "--max-time", "10", "-X", call.method]
        for field in call.headers { arguments += ["-H", "\(field.name): \(field.value)"] }
        if !call.body.isEmpty { arguments += ["--data-binary", "@-"] }
        process.arguments = arguments + [call.url]
        process.standardInput = input
        process.standardOutput = output
        do {
            try process.run()
            try input.fileHandleForWriting.write(contentsOf: Data(call.body))
            try input.fileHandleForWriting.close()
            let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return try answer(Array(bytes))
        } catch {
            throw DiagnosticError(.identityProviderUnusable, "curl: \(error)")
        }
    }

    private static func answer(_ bytes: [UInt8]) throws -> HTTPAnswer {
        let end = try #require(bytes.indices.dropLast(3).first { Array(bytes[$0..<($0 + 4)]) == [13, 10, 13, 10] })
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        let status = try #require(Int(lines[0].split(separator: " ")[1]))
        var headers = HTTPHeaders()
        for line in lines.dropFirst() {
            let sides = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            if sides.count == 2 { headers.add(sides[0], sides[1]) }
        }
        return HTTPAnswer(status: status, headers: headers, body: Array(bytes[(end + 4)...]))
    }
}
