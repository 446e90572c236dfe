// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ServerOperation

/// What a server tells outside. What is secret comes by variables: MARTLET_SMTP_URL, MARTLET_SLACK_SIGNING_SECRET.
struct TellingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The mail server that takes mail: smtp://mail.example.org:587; with a password by MARTLET_SMTP_URL.",
            valueName: "url"))
    var smtpURL: String?

    @Option(help: ArgumentHelp("Whom mail is from; else MARTLET_MAIL_FROM.", valueName: "address"))
    var mailFrom: String?

    @Flag(
        help: "Hooks and channels may lead into private networks, by plain HTTP too; else MARTLET_ALLOW_PRIVATE_HOOKS.")
    var allowPrivateHooks = false

    func apply(to settings: inout TellingSettings) {
        if let smtpURL { settings.mailURL = smtpURL }
        if let mailFrom { settings.mailFrom = mailFrom }
        if allowPrivateHooks { settings.allowsPrivateHooks = true }
    }
}
