// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Announcements
internal import Diagnostics
internal import FileAccess
internal import HTTPMessages
internal import NotificationRules
internal import Notifications
package import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import Synchronization
internal import Timekeeping
internal import TriggerIntake

/// Where the server is reached, once that is known.
final class OwnAddress: Sendable {
    private let publicURL: String?
    private let listening = Mutex("")

    init(publicURL: String?) { self.publicURL = publicURL }

    var text: String { publicURL ?? listening.withLock { $0 } }

    func set(_ url: String) { listening.withLock { $0 = url } }
}

/// What those hear who tell.
enum Heard: Sendable {
    case run(RunChange)
    case job(JobChange)
    case approval(ApprovalNews)
    /// What was recorded, and the directory before.
    case directory([DirectoryEvent], Directory)
}

extension Server {
    /// What telling is made of.
    struct TellingParts {
        var settings: ServerSettings
        var store: RunStore
        var index: RunLists
        var lists: SharedLists
        var homes: Homes
        var directory: DirectoryKeeper
        var references: ReferencedSecrets
        var counts: ServerCounts
        var address: OwnAddress
        var web: WebReach
        var now: @Sendable () -> Int64
        var report: @Sendable (DiagnosticError) -> Void
    }

    static func announcer(_ parts: TellingParts) throws(DiagnosticError) -> Announcer {
        let (directory, references, counts, now) = (parts.directory, parts.references, parts.counts, parts.now)
        let address = parts.address
        var surroundings = AnnouncementSurroundings(
            store: parts.store, index: parts.index, now: { Timestamp(milliseconds: now()) },
            directory: { directory.current }, web: parts.web)
        surroundings.secret = { (reference) throws(DiagnosticError) in try references.text(reference) }
        surroundings.address = { address.text }
        if parts.settings.telling.allowsPrivateHooks { surroundings.addressGuard = .allowingPrivate }
        if let mail = try parts.settings.telling.mail() {
            let scratch = parts.store.root + "/mail"
            try Trees.make(scratch, mode: 0o700)
            surroundings.mail = MailSettings(relay: mail.relay, sender: mail.sender, scratch: scratch)
        }
        surroundings.switchOff = { (hook, reason) throws(DiagnosticError) in
            _ = try await directory.perform(
                .setHookState(hook, .failing, reason: reason), by: .system("deliveries"))
        }
        surroundings.counted = { kind, outcome in counts.noteDelivery(kind, outcome) }
        surroundings.report = parts.report
        return Announcer(surroundings)
    }

    /// Who writes down what it makes of a run's change before the run's end is settled.
    var listeners: [ChangeTelling.Listener] {
        let (triggers, statuses) = (triggers, statuses)
        return [
            ChangeTelling.Listener(name: "workflows") { (change) throws(DiagnosticError) in
                try await triggers.runChanged(change)
            },
            ChangeTelling.Listener(name: "forge") { (change) throws(DiagnosticError) in
                try await statuses.runChanged(change)
            },
        ]
    }

    /// Has those who tell hear what happens, in its order. To be called once.
    func listen() async {
        let (heard, announcer, ear, traces) = (heard, announcer, ear, traces)
        let (statuses, report) = (statuses, report)
        traces?.start()
        await directory.observe { ear.yield(.directory($0, $1)) }
        Task {
            for await item in heard {
                switch item {
                case .run(let change):
                    await announcer.hear(change)
                    traces?.note(change)
                case .job(let change):
                    await announcer.hear(change)
                    do throws(DiagnosticError) {
                        try await statuses.jobEnded(change)
                    } catch {
                        report(error)
                    }
                case .approval(let news): await announcer.hear(news)
                case .directory(let events, let before): await announcer.hear(events, before: before)
                }
            }
        }
    }
}
