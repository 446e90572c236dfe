// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import ProcessControl
package import RetentionRules

/// How long a server keeps what it has, and how much room must be on its disk.
package struct RetentionSettings: Sendable {
    /// Of projects that say nothing else.
    package var policy = RetentionPolicy.server
    package var disk = DiskRule.standard
    /// Deliveries from forges, and what became of them.
    package var webhookDays = 90
    /// Deliveries to outgoing hooks.
    package var outgoingDays = 30
    /// What stays of a run that was removed, and by what runs are known that began once.
    package var traceDays = 400
    /// Bytes that are free on the disk of a folder; `nil`: it is not known, and nothing is done about it.
    package var freeBytes: @Sendable (String) -> UInt64? = { FreeSpace.bytes(at: $0) }

    package init() {}

    package static let shortestWebhookDays = 2

    var faults: [DiagnosticError] {
        guard webhookDays < Self.shortestWebhookDays || outgoingDays < 1 else { return [] }
        return [
            DiagnosticError(
                .retentionInvalid,
                "Deliveries are kept for \(Self.shortestWebhookDays) days at least: within them a forge may send one again.",
                remedy: "Choose --webhook-days \(Self.shortestWebhookDays) or more.")
        ]
    }
}

extension DiagnosticCode {
    /// The run was removed, as the rules of retention say.
    package static let runRemoved = DiagnosticCode(1320)
    /// The logs of the run were removed; the run is there.
    package static let logsRemoved = DiagnosticCode(1321)
    /// The disk is short of room: no job is taken.
    package static let diskShort = DiagnosticCode(1322)
    /// A period or a number of the rules of retention cannot be used.
    package static let retentionInvalid = DiagnosticCode(1323)
}
