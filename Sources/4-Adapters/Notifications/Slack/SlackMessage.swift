// SPDX-License-Identifier: Apache-2.0

package import HTTPMessages
package import NotificationRules
package import StructuredData
package import Timekeeping

/// A notice as a message of blocks, for an incoming webhook of Slack.
package struct SlackMessage: Hashable, Sendable {
    /// What is posted.
    package var body: DataValue

    package init(_ notice: Notice, language: NoticeLanguage, now: Timestamp) {
        let text = NoticeText(notice, language: language, now: now)
        let words = NoticeWords(language: language)
        let title = "*" + SlackText.escaped(text.title, limit: 500) + "*\n"
        var blocks = [
            Self.section(title + SlackText.escaped(text.lead, limit: SlackLimits.sectionText - title.utf16.count))
        ]
        if let detail = text.detail { blocks.append(Self.section(Self.quoted(detail))) }
        if !text.facts.isEmpty {
            blocks.append(Self.context(text.facts.map { "\($0.label): \($0.value)" }))
        }
        for item in text.items { blocks.append(Self.section(Self.item(item))) }
        if let omitted = text.omitted { blocks.append(Self.context([omitted])) }
        let buttons = Self.buttons(notice, text, words)
        if !buttons.isEmpty { blocks.append(["type": "actions", "elements": .array(buttons)]) }
        blocks.append(Self.context([text.footer]))
        body = [
            "text": .string(SlackText.escaped("\(text.title): \(text.lead)", limit: SlackLimits.messageText)),
            "blocks": .array(Array(blocks.prefix(SlackLimits.blocks))), "unfurl_links": false,
        ]
    }

    /// The request that posts it.
    ///
    /// - Parameter url: of the incoming webhook; whoever has it can post, so it is a secret.
    package func call(url: String) -> HTTPCall {
        HTTPCall(
            "POST", url, headers: [("Content-Type", "application/json; charset=utf-8")],
            body: Array(body.jsonText().utf8), answerLimitBytes: 64 << 10)
    }

    // MARK: blocks

    private static func section(_ markup: String) -> DataValue {
        ["type": "section", "text": ["type": "mrkdwn", "text": .string(markup)]]
    }

    private static func context(_ texts: [String]) -> DataValue {
        let elements = texts.prefix(SlackLimits.contextElements).map { text -> DataValue in
            ["type": "mrkdwn", "text": .string(SlackText.escaped(text, limit: SlackLimits.contextText))]
        }
        return ["type": "context", "elements": .array(elements)]
    }

    /// Each line behind the mark of a quotation.
    private static func quoted(_ text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline)
        // Room for the marks, which are not escaped.
        let room = SlackLimits.sectionText - lines.count - 1
        let escaped = SlackText.escaped(lines.joined(separator: "\n"), limit: max(1, room))
        return escaped.split(separator: "\n").map { ">" + $0 }.joined(separator: "\n")
    }

    private static func item(_ item: NoticeText.Item) -> String {
        let title = "• " + SlackText.link(item.url, item.title, limit: SlackLimits.sectionText / 2)
        guard let detail = item.detail else { return title }
        return title + "\n" + SlackText.escaped(detail, limit: SlackLimits.sectionText - title.utf16.count - 1)
    }

    // MARK: buttons

    private static func buttons(_ notice: Notice, _ text: NoticeText, _ words: NoticeWords) -> [DataValue] {
        guard case .run(let change, let news) = notice.content else { return [] }
        let reference = RunReference(project: news.subject.project, run: news.run).description
        var buttons: [DataValue] = []
        if change == .waitingForApproval {
            var button = button(words.approve, SlackAction.Kind.approve.id, value: reference)
            button["style"] = "primary"
            button["confirm"] = [
                "title": plain(words.approve, SlackLimits.confirmTitle),
                "text": plain(text.lead, SlackLimits.confirmText),
                "confirm": plain(words.approve, SlackLimits.confirmButton),
                "deny": plain(words.cancel, SlackLimits.confirmButton),
            ]
            buttons.append(.object(button))
        }
        if change == .broke || change == .stillFailing {
            buttons.append(.object(button(words.rerun, SlackAction.Kind.rerun.id, value: reference)))
        }
        if let link = text.link, SlackText.address(link.url) != nil, link.url.utf16.count <= SlackLimits.url {
            var button = button(link.label, SlackAction.openID, value: reference)
            button["url"] = .string(link.url)
            buttons.append(.object(button))
        }
        return buttons
    }

    private static func button(_ label: String, _ id: String, value: String) -> DataObject {
        [
            "type": "button", "action_id": .string(id), "text": plain(label, SlackLimits.buttonText),
            "value": .string(SlackText.plain(value, limit: SlackLimits.buttonValue)),
        ]
    }

    private static func plain(_ text: String, _ limit: Int) -> DataValue {
        ["type": "plain_text", "text": .string(SlackText.plain(text, limit: limit)), "emoji": false]
    }
}
