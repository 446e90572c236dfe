// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target: MRT1115 – MRT1122.
extension DiagnosticCode {
    /// Mail cannot be sent to such an address.
    package static let mailAddressInvalid = DiagnosticCode(1115)
    /// The mail server does not take a mail.
    package static let mailRefused = DiagnosticCode(1116)
    /// The mail server does not let this server in: the login, or the encryption.
    package static let mailRelayClosed = DiagnosticCode(1117)
    /// There is no mail server, it is busy, or it does not answer.
    package static let mailRelayUnreachable = DiagnosticCode(1118)
    /// The settings of mail cannot be used.
    package static let mailSettingsInvalid = DiagnosticCode(1119)
    /// Slack did not take a message.
    package static let slackRefused = DiagnosticCode(1120)
    /// What claims to come from Slack is not of its form.
    package static let slackRequestInvalid = DiagnosticCode(1121)
    /// A webhook's secret is none.
    package static let webhookSecretInvalid = DiagnosticCode(1122)
}
