// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import HTTPMessages
internal import Notifications
internal import Telemetry

/// What a server tells outside, and by which way.
package struct TellingSettings: Sendable {
    /// `smtp://user:password@mail.example.org:587`; `nil`: no mail is sent.
    package var mailURL: String?
    /// Whom mail is from: `ci@example.org`.
    package var mailFrom: String?
    /// Hooks and channels may lead to private and local addresses, by plain HTTP too.
    package var allowsPrivateHooks = false
    /// With which Slack signs what it asks; `nil`: it is not listened to.
    package var slackSigningSecret: String?
    /// Of an OpenTelemetry collector; `nil`: no traces are sent.
    package var traceURL: String?
    /// `name=value`, with commas between, percent-coded.
    package var traceHeaders: String?

    /// Variables of these names are not for jobs.
    static let secretVariables = [
        "MARTLET_SMTP_URL", "MARTLET_SLACK_SIGNING_SECRET", "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    ]

    package init(environment: [String: String]) {
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        mailURL = value("MARTLET_SMTP_URL")
        mailFrom = value("MARTLET_MAIL_FROM")
        allowsPrivateHooks = ["1", "true", "yes"].contains(value("MARTLET_ALLOW_PRIVATE_HOOKS")?.lowercased())
        slackSigningSecret = value("MARTLET_SLACK_SIGNING_SECRET")
        traceURL = value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
        traceHeaders = value("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
    }

    /// - Returns: `nil` where no mail is sent.
    /// - Throws: ``DiagnosticCode/mailSettingsInvalid``, ``DiagnosticCode/mailAddressInvalid``.
    func mail() throws(DiagnosticError) -> (relay: MailRelay, sender: MailAddress)? {
        guard let mailURL else { return nil }
        var relay = try MailRelay(url: mailURL)
        guard let mailFrom else {
            throw DiagnosticError(
                .mailSettingsInvalid, "The settings of mail cannot be used: it is not said whom mail is from.",
                remedy: "Give --mail-from or MARTLET_MAIL_FROM, such as ci@example.org.")
        }
        let sender = try MailAddress(name: "Martlet", address: mailFrom)
        relay.ownName = sender.domain
        return (relay, sender)
    }

    /// - Returns: `nil` where no traces are sent.
    /// - Throws: ``DiagnosticCode/traceAddressInvalid``.
    func traces() throws(DiagnosticError) -> TraceDestination? {
        guard let traceURL else { return nil }
        var headers: HTTPHeaders = []
        for pair in (traceHeaders ?? "").split(separator: ",") {
            let sides = pair.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, let value = FormText.decoded(sides[1]) else { continue }
            headers.add(sides[0].filter { $0 != " " }, value)
        }
        return try TraceDestination(address: traceURL, headers: headers)
    }

    /// Everything that is wrong with it.
    var faults: [DiagnosticError] {
        var faults: [DiagnosticError] = []
        if mailURL == nil, let mailFrom {
            faults.append(
                DiagnosticError(
                    .mailSettingsInvalid,
                    "The settings of mail cannot be used: mail is to be from \(mailFrom.prefix(80)), and no relay takes it.",
                    remedy:
                        "Give --smtp-url or MARTLET_SMTP_URL, such as smtp://mail.example.org:587, or leave both out."))
        }
        do throws(DiagnosticError) { _ = try mail() } catch { faults.append(error) }
        do throws(DiagnosticError) { _ = try traces() } catch { faults.append(error) }
        return faults
    }
}
