// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
internal import FileAccess
internal import ProcessControl
internal import StructuredData

extension MailRelay {
    /// Hands a mail over. Blocks the calling thread.
    ///
    /// SMTP, its encryption and its logins are curl's. The login goes to it through its standard input, the mail
    /// through a file of this user's that is there for as long as the call takes; neither stands on a command line.
    ///
    /// - Parameter scratch: a folder of this server's own.
    /// - Throws: where curl cannot be started, or the file not be written. What the mail server says is no error.
    package func send(_ message: MailMessage, scratch: String) throws(DiagnosticError) -> SendOutcome {
        let name = SymmetricKey(size: .bits128).withUnsafeBytes { Hexadecimal.text($0) }
        let path = "\(scratch)/mail-\(name).eml"
        defer { try? Files.remove(path) }
        try Files.write(message.bytes, to: path, mode: 0o600)
        // The first argument keeps curl from reading a file of settings that stands around.
        var command = HelperCommand(program, ["-q", "--config", "-"])
        command.input = Array(settings(message, path).utf8)
        command.environment = Self.environment()
        command.outputLimit = Self.conversationBytes
        command.patience = .seconds(timeoutSeconds + Self.graceSeconds)
        let outcome = try command.run()
        guard case .exited(let code) = outcome.ending else {
            return .retry(unreachable("curl was killed"), after: nil)
        }
        return judge(exitCode: code, conversation: outcome.text, problem: outcome.errorText)
    }

    private static let conversationBytes = 1 << 20
    /// What curl gets beyond its own limit to end by itself.
    private static let graceSeconds = 10

    /// Nothing of this process's but where certificates are: no proxies, no other settings.
    private static func environment() -> [String] {
        ["SSL_CERT_FILE", "SSL_CERT_DIR"].compactMap { name in
            ScratchDirectory.variable(name).map { "\(name)=\($0)" }
        } + ["LC_ALL=C"]
    }

    /// What curl is asked for, as lines of its configuration.
    private func settings(_ message: MailMessage, _ path: String) -> String {
        let scheme = security == .tls ? "smtps" : "smtp"
        var lines = [
            ("url", "\(scheme)://\(host):\(port)/\(ownName)"), ("proto", "=\(scheme)"),
            ("mail-from", "<\(message.from.address)>"), ("mail-rcpt", "<\(message.recipient.address)>"),
            ("upload-file", path), ("noproxy", "*"), ("connect-timeout", "\(min(timeoutSeconds, 30))"),
            ("max-time", "\(timeoutSeconds)"),
            // What the mail server said, and the code of its last word.
            ("dump-header", "-"), ("write-out", "\n%{response_code}"),
        ]
        if let login { lines.append(("user", "\(login.name):\(login.password)")) }
        if let trustedCertificates { lines.append(("cacert", trustedCertificates)) }
        var text = lines.map { "\($0.0) = \(Self.quoted($0.1))\n" }.joined() + "silent\nshow-error\n"
        if security == .startTLS { text += "ssl-reqd\n" }
        return text
    }

    /// As curl's configuration has it: in quotes, with backslashes before what would end or change it.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text.unicodeScalars {
            switch character {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            default: quoted.unicodeScalars.append(character)
            }
        }
        return quoted + "\""
    }

    /// - Parameters:
    ///   - exitCode: curl's.
    ///   - conversation: the mail server's lines, and in the last line the code of its last answer, 0 for none.
    ///   - problem: what curl says of it.
    func judge(exitCode: Int32, conversation: String, problem: String) -> SendOutcome {
        if exitCode == 0 { return .delivered }
        let lines = conversation.split(whereSeparator: \.isNewline).map(String.init)
        let status = lines.last.flatMap { Int($0) } ?? 0
        let word = lines.dropLast().last { $0.hasPrefix("\(status)") } ?? ""
        let said = status >= 400 && !word.isEmpty ? "it said '\(word.prefix(300))'" : Self.sentence(problem)
        switch exitCode {
        // The login; STARTTLS that is not offered; certificates and files of them.
        case 67, 64, 60, 77, 58, 91:
            if (400..<500).contains(status) { return .retry(unreachable(said), after: nil) }
            return .retry(closed(said), after: nil)
        default: break
        }
        if [530, 534, 535, 538].contains(status) { return .retry(closed(said), after: nil) }
        if status >= 500 {
            return .givenUp(
                Diagnostic(
                    .mailRefused, "The mail server \(host) does not take the mail: \(said).",
                    remedy: "Check the address, and what the mail server allows."))
        }
        return .retry(unreachable(said), after: nil)
    }

    private func closed(_ said: String) -> Diagnostic {
        Diagnostic(
            .mailRelayClosed, "The mail server \(host) does not let the server in: \(said).",
            remedy: "Check the login, the kind of encryption and the certificates in the settings of mail.")
    }

    private func unreachable(_ said: String) -> Diagnostic {
        Diagnostic(
            .mailRelayUnreachable, "The mail server \(host) takes no mail at the moment: \(said).",
            remedy: "The mail is tried again. Check the host and the port in the settings of mail if this goes on.")
    }

    /// `curl: (7) Failed to connect …` without its frame.
    private static func sentence(_ problem: String) -> String {
        let line = problem.split(whereSeparator: \.isNewline).first.map(String.init) ?? "there was no answer"
        let text = line.hasPrefix("curl: (") ? line.drop { $0 != ")" }.dropFirst(2) : line[...]
        return text.hasSuffix(".") ? String(text.dropLast()) : String(text)
    }
}
