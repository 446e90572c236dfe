// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import NotificationRules
internal import Notifications
internal import ThreadExecution

/// Tells who keeps a hook, by mail, that it was switched off. It is in the audit log and in the hook's state as well, so that it is
/// tried once.
struct OwnerWord: Sendable {
    private let surroundings: AnnouncementSurroundings

    init(_ surroundings: AnnouncementSurroundings) { self.surroundings = surroundings }

    func say(_ hook: OutgoingHook, _ reason: String) async {
        guard let mail = surroundings.mail else { return }
        let text = NoticeText(
            title: "A hook was switched off", lead: "Nothing more is sent to \(hook.settings.url.cut(200)).",
            detail: reason, link: nil,
            footer: "You get this because you may change this hook. Mend its endpoint, and switch it on again.")
        for person in people(hook) {
            do throws(DiagnosticError) {
                let message = MailMessage(
                    text, key: "\(hook.id) \(reason)", to: try MailAddress(name: person.name, address: person.email),
                    from: mail.sender, language: surroundings.language, now: surroundings.now())
                let outcome = try await BlockingWork.attempt { () throws(DiagnosticError) in
                    try mail.relay.send(message, scratch: mail.scratch)
                }
                switch outcome {
                case .delivered: surroundings.counted("mail", "delivered")
                case .retry(let why, _), .givenUp(let why):
                    surroundings.counted("mail", "given_up")
                    surroundings.report(DiagnosticError(why))
                }
            } catch {
                surroundings.report(error)
            }
        }
    }

    private func people(_ hook: OutgoingHook) -> [Person] {
        let directory = surroundings.directory()
        let reading = RunReading(surroundings)
        if let project = hook.settings.project.flatMap({ directory.projects[$0] }) {
            return reading.people(project, atLeast: .maintain)
        }
        return reading.admins
    }
}
