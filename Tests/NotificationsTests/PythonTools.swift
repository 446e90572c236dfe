// SPDX-License-Identifier: Apache-2.0

import Foundation
import ProcessControl
import StructuredData
import TestPrograms

/// Programs of other people that mail is checked with: Python's mail parser, and the SMTP server aiosmtpd.
enum PythonTools {
    static func run(
        _ program: String, _ arguments: [String], input: [UInt8] = [], patience: Duration = .seconds(60)
    ) -> (succeeded: Bool, output: [UInt8]) {
        var command = HelperCommand(program, arguments)
        command.input = input
        command.patience = patience
        guard let outcome = try? command.run() else { return (false, []) }
        return (outcome.succeeded, outcome.output)
    }

    static let hasPython = run("python3", ["-c", "import email"]).succeeded

    /// Where aiosmtpd is: "" where Python has it, a folder where it was put, `nil` where it cannot be had.
    static let mailServerFolder: String? = {
        if run("python3", ["-c", "import aiosmtpd"]).succeeded { return "" }
        let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-test-aiosmtpd").path
        let isThere = {
            run("python3", ["-c", "import sys; sys.path.insert(0, '\(folder)'); import aiosmtpd"]).succeeded
        }
        if isThere() { return folder }
        _ = run(
            "python3", ["-m", "pip", "install", "--quiet", "--target", folder, "aiosmtpd==1.4.6"],
            patience: .seconds(180))
        return isThere() ? folder : nil
    }()

    static var hasMailServer: Bool { mailServerFolder != nil && run("openssl", ["version"]).succeeded }

    /// A mail as Python's parser reads it: `headers` (pairs, decoded), `parts` (pairs of type and text), `defects`.
    static func parse(_ mail: [UInt8]) throws -> DataValue {
        let script = """
            import sys, json, email, email.policy
            m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
            parts = [[p.get_content_type(), p.get_content()] for p in m.walk() if not p.is_multipart()]
            defects = [str(d) for p in m.walk() for d in p.defects] + [str(d) for v in m.values() for d in v.defects]
            print(json.dumps({"headers": [[k, str(v)] for k, v in m.items()], "parts": parts, "defects": defects}))
            """
        let output = run("python3", ["-c", script], input: mail).output
        return try DataValue(json: output)
    }
}

/// aiosmtpd on a free port of this machine, for as long as this lives.
final class MailServer {
    enum Kind: String { case plain, startTLS, tls }

    let port: Int
    /// A file with the certificate to trust.
    let certificate: String
    private let process = ChildProcess()
    private let lines: FileHandle
    private var rest = Data()

    /// The account that it knows.
    static let login = (name: "ci\"user", password: "pass\\wörd \"1\"")

    init(_ kind: Kind, folder: String) throws {
        certificate = folder + "/certificate.pem"
        let key = folder + "/key.pem"
        _ = PythonTools.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
            ])
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c", Self.script, PythonTools.mailServerFolder ?? "", kind.rawValue, certificate, key,
            Self.login.name, Self.login.password,
        ]
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
        guard let port = Int(first) else { throw CocoaError(.fileReadUnknown) }
        self.port = port
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// The next mail that was taken: `from`, `to`, `mail` (Latin-1), `login`, `tls`. Waits for it.
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
        import os, sys, json, ssl, asyncio, threading
        import time
        def watch(owner):
            while os.getppid() == owner: time.sleep(0.5)
            os._exit(0)
        threading.Thread(target=watch, args=(os.getppid(),), daemon=True).start()
        folder, kind, certificate, key, user, password = sys.argv[1:]
        if folder: sys.path.insert(0, folder)
        from aiosmtpd.smtp import SMTP, AuthResult
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        class Handler:
            async def handle_RCPT(self, server, session, envelope, address, options):
                if address.startswith("nobody"): return "550 5.1.1 No such person"
                if address.startswith("busy"): return "451 4.7.1 Come back later"
                envelope.rcpt_tos.append(address)
                return "250 OK"
            async def handle_DATA(self, server, session, envelope):
                if envelope.rcpt_tos[0].startswith("spam"): return "554 5.7.1 Not wanted here"
                print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "helo": session.host_name,
                    "mail": envelope.original_content.decode("latin1"), "tls": session.ssl is not None,
                    "login": session.authenticated}), flush=True)
                return "250 OK"
        def authenticate(server, session, envelope, mechanism, data):
            good = getattr(data, "login", None) == user.encode() and getattr(data, "password", None) == password.encode()
            return AuthResult(success=good, handled=good)
        def smtp():
            if kind == "plain": return SMTP(Handler())
            return SMTP(Handler(), authenticator=authenticate, auth_required=True, auth_require_tls=kind == "startTLS",
                tls_context=context if kind == "startTLS" else None, require_starttls=kind == "startTLS")
        async def main():
            loop = asyncio.get_running_loop()
            server = await loop.create_server(smtp, "127.0.0.1", 0, ssl=context if kind == "tls" else None)
            print(server.sockets[0].getsockname()[1], flush=True)
            await server.serve_forever()
        asyncio.run(main())
        """
}
