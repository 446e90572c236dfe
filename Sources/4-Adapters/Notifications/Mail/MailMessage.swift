// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import NotificationRules
internal import StructuredData
package import Timekeeping

/// A mail as it goes over the wire: RFC 5322, in ASCII, with the same words as text and as HTML.
package struct MailMessage: Hashable, Sendable {
    package var from: MailAddress
    package var recipient: MailAddress
    /// Lines end with CR and LF.
    package var bytes: [UInt8]

    /// The mail that tells a notice.
    ///
    /// Its `Message-ID` is made from the notice's key, so that a mail that goes out twice is one to a reader; all mails
    /// of a run refer to one made from the run, so that they stand together.
    package init(
        _ notice: Notice, to recipient: MailAddress, from: MailAddress, language: NoticeLanguage, now: Timestamp
    ) {
        self.from = from
        self.recipient = recipient
        let text = NoticeText(notice, language: language, now: now)
        let project = notice.news.first?.subject.project ?? ""
        var head = Self.head(text, Self.messageID(["notice", notice.key], from), to: recipient, from: from, now)
        if case .run(_, let news) = notice.content {
            let thread = Self.messageID(["run", project, "\(news.run)"], from)
            head += "In-Reply-To: \(thread)\r\nReferences: \(thread)\r\n"
        }
        if case .run = notice.content {
            head += HeaderText.field(listID: project, id: "\(Self.slug(project)).martlet.\(from.domain)")
        } else {
            head += HeaderText.field(listID: "Martlet", id: "digest.martlet.\(from.domain)")
        }
        bytes = Array((head + Self.rest(text, key: notice.key, language)).utf8)
    }

    /// The mail that tells something that is no notice of runs.
    ///
    /// - Parameter key: the same for the same thing.
    package init(
        _ text: NoticeText, key: String, to recipient: MailAddress, from: MailAddress, language: NoticeLanguage,
        now: Timestamp
    ) {
        self.from = from
        self.recipient = recipient
        var head = Self.head(text, Self.messageID(["word", key], from), to: recipient, from: from, now)
        head += HeaderText.field(listID: "Martlet", id: "server.martlet.\(from.domain)")
        bytes = Array((head + Self.rest(text, key: key, language)).utf8)
    }

    private static func head(
        _ text: NoticeText, _ id: String, to recipient: MailAddress, from: MailAddress, _ now: Timestamp
    ) -> String {
        var head = HeaderText.field("Date", date(now))
        head += HeaderText.field("From", mailbox: from)
        head += HeaderText.field("To", mailbox: recipient)
        head += HeaderText.field("Subject", text.title)
        // Its line is longer than what is folded, and holds digits and an address that was checked.
        head += "Message-ID: \(id)\r\n"
        return head
    }

    private static func rest(_ text: NoticeText, key: String, _ language: NoticeLanguage) -> String {
        // RFC 3834: nobody's holiday answers this; the second is what Exchange reads.
        var head = "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n"
        head += "Content-Language: \(language.rawValue)\r\nMIME-Version: 1.0\r\n"
        // No line of Base64 holds '=_', so no part can hold the boundary.
        let boundary = "=_" + digest(["boundary", key]).prefix(24)
        head += "Content-Type: multipart/alternative; boundary=\"\(boundary)\"\r\n\r\n"
        var body = ""
        for (type, part) in [("plain", plain(text)), ("html", MailPage.html(text, language: language))] {
            body += "--\(boundary)\r\nContent-Type: text/\(type); charset=utf-8\r\n"
            body += "Content-Transfer-Encoding: base64\r\n\r\n" + lines(part)
        }
        return head + body + "--\(boundary)--\r\n"
    }

    // MARK: parts

    private static func plain(_ text: NoticeText) -> String {
        var lines = [text.lead]
        if let detail = text.detail { lines += ["", "  " + detail] }
        if !text.facts.isEmpty { lines += [""] + text.facts.map { "\($0.label): \($0.value)" } }
        for item in text.items {
            lines += ["", "- " + item.title]
            lines += [item.detail, item.url].compactMap { $0 }.map { "  " + $0 }
        }
        if let omitted = text.omitted { lines += ["", omitted] }
        if let link = text.link { lines += ["", "\(link.label): \(link.url)"] }
        return (lines + ["", "-- ", text.footer, ""]).joined(separator: "\r\n")
    }

    /// In lines of 76 characters (RFC 2045, 6.8).
    private static func lines(_ text: String) -> String {
        var rest = Substring(Base64Text.text(Array(text.utf8)))
        var lines = ""
        while !rest.isEmpty {
            lines += rest.prefix(76) + "\r\n"
            rest = rest.dropFirst(76)
        }
        return lines
    }

    // MARK: names

    private static func messageID(_ parts: [String], _ from: MailAddress) -> String {
        "<\(digest(parts).prefix(32))@\(from.domain)>"
    }

    private static func digest(_ parts: [String]) -> String {
        let text = DataValue.array(parts.map { .string($0) }).jsonText()
        return Hexadecimal.text(SHA256.hash(data: Array(text.utf8)))
    }

    /// A project's name as a part of a host name would be.
    private static func slug(_ project: String) -> String {
        let letters = project.lowercased().utf8.map { byte in
            (97...122).contains(byte) || (48...57).contains(byte) ? byte : UInt8(ascii: "-")
        }
        let parts = String(decoding: letters, as: UTF8.self).split(separator: "-")
        return parts.isEmpty ? "project" : String(parts.joined(separator: "-").prefix(63))
    }

    /// `Tue, 21 Jul 2026 09:05:00 +0000` (RFC 5322, 3.3).
    private static func date(_ moment: Timestamp) -> String {
        let time = CivilTime(moment)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let clock = [time.hour, time.minute, time.second].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
        return "\(days[time.dayOfWeek]), \(time.day) \(months[time.month - 1]) \(time.year) \(clock) +0000"
    }
}
