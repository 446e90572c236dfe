// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import NotificationRules
internal import Notifications
internal import StructuredData
internal import ThreadExecution
internal import Timekeeping

/// Hands a notice over: by mail, to Slack, to an address of a channel.
struct NoticeSender: Sendable {
    private let surroundings: AnnouncementSurroundings
    private let calls: GuardedCalls

    init(_ surroundings: AnnouncementSurroundings) {
        self.surroundings = surroundings
        calls = GuardedCalls(addressGuard: surroundings.addressGuard, web: surroundings.web)
    }

    func send(_ notice: Notice, of project: EntryID, language: NoticeLanguage) async -> SendOutcome {
        do throws(DiagnosticError) {
            switch notice.address {
            case .person(let person):
                return try await mail(notice, to: person.email, name: person.name, language)
            case .channel(let name):
                guard let channel = channel(name, of: project) else {
                    throw Self.unusable("There is no channel '\(name.cut(100))' of this project or of the server.")
                }
                let address = try surroundings.secret(channel.settings.addressReference)
                return try await send(notice, channel.settings.kind, address, language)
            }
        } catch {
            // Whoever is asked may answer later; what cannot be asked at all cannot be asked later either.
            return error.diagnostic.code == .webUnreachable
                ? .retry(error.diagnostic, after: nil) : .givenUp(error.diagnostic)
        }
    }

    /// As it is counted.
    func kind(_ address: NoticeAddress, of project: EntryID) -> String {
        guard case .channel(let name) = address else { return "mail" }
        return channel(name, of: project)?.settings.kind.rawValue ?? "channel"
    }

    /// The project's own, else the server's.
    private func channel(_ name: String, of project: EntryID) -> NotificationChannel? {
        let named = surroundings.directory().channels.values.filter {
            $0.settings.name.lowercased() == name.lowercased()
        }
        return named.first { $0.settings.project == project } ?? named.first { $0.settings.project == nil }
    }

    private func send(
        _ notice: Notice, _ kind: ChannelSettings.Kind, _ address: String, _ language: NoticeLanguage
    ) async throws(DiagnosticError) -> SendOutcome {
        let now = surroundings.now()
        switch kind {
        case .mail: return try await mail(notice, to: address, name: "", language)
        case .slack:
            let message = SlackMessage(notice, language: language, now: now)
            return SlackMessage.outcome(try await calls.send(message.call(url: address)), now: surroundings.now())
        case .webhook:
            let call = HTTPCall(
                "POST", address, headers: [("Content-Type", "application/json"), ("User-Agent", "Martlet")],
                body: Array(Self.envelope(notice, language, now).jsonText().utf8), timeoutMs: WebhookCall.timeoutMs,
                answerLimitBytes: WebhookCall.answerLimitBytes)
            return Self.outcome(try await calls.send(call), now: surroundings.now())
        }
    }

    // MARK: mail

    private func mail(
        _ notice: Notice, to address: String, name: String, _ language: NoticeLanguage
    ) async throws(DiagnosticError) -> SendOutcome {
        guard let mail = surroundings.mail else {
            throw Self.unusable("This server sends no mail: no relay is set up.")
        }
        let message = MailMessage(
            notice, to: try MailAddress(name: name, address: address), from: mail.sender, language: language,
            now: surroundings.now())
        return try await BlockingWork.attempt { () throws(DiagnosticError) in
            try mail.relay.send(message, scratch: mail.scratch)
        }
    }

    // MARK: addresses of channels

    /// A notice for a program that shows it to people: `{"type": "notice", …}`.
    private static func envelope(_ notice: Notice, _ language: NoticeLanguage, _ now: Timestamp) -> DataValue {
        let text = NoticeText(notice, language: language, now: now)
        var data: DataObject = ["key": .string(notice.key), "title": .string(text.title), "text": .string(text.lead)]
        data.set("detail", text.detail.map(DataValue.string))
        data.set("url", text.link.map { .string($0.url) })
        switch notice.content {
        case .run(let change, let news):
            data["change"] = .string(change.rawValue)
            data["project"] = .string(news.subject.project)
            data["workflow"] = .string(news.subject.workflow)
            data["branch"] = .string(news.subject.branch)
            data["run"] = .number(Double(news.run))
        case .digest:
            data["change"] = "digest"
            data["items"] = .array(
                text.items.map { item in
                    var object: DataObject = ["title": .string(item.title)]
                    object.set("detail", item.detail.map(DataValue.string))
                    object.set("url", item.url.map(DataValue.string))
                    return .object(object)
                })
        }
        return [
            "type": "notice", "version": .number(Double(WebhookEvent.version)), "timestamp": .string(now.description),
            "data": .object(data),
        ]
    }

    private static func outcome(_ answer: HTTPAnswer, now: Timestamp) -> SendOutcome {
        if answer.isSuccess { return .delivered }
        let why = Diagnostic(
            .channelUnusable, "The channel's address answered \(answer.status).",
            remedy: "See that it takes what is sent to it.")
        let isForNow = answer.status >= 500 || [408, 425, 429].contains(answer.status)
        guard isForNow else { return .givenUp(why) }
        return .retry(why, after: answer.headers["Retry-After"].flatMap { RetryAfter.span($0, now: now) })
    }

    private static func unusable(_ problem: String) -> DiagnosticError {
        DiagnosticError(
            .channelUnusable, problem, remedy: "Correct the project's notifications, or the server's settings.")
    }
}
