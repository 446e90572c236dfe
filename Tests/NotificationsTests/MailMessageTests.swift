// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import NotificationRules
import Notifications
import PipelineModel
import StructuredData
import Testing
import Timekeeping

private let server = try? MailAddress(name: "Martlet", address: "ci@ci.example.org")

private func mail(
    _ notice: Notice, to name: String = "Ann", language: NoticeLanguage = .english
) throws -> MailMessage {
    MailMessage(
        notice, to: try MailAddress(name: name, address: "ann@example.org"), from: try #require(server),
        language: language, now: now)
}

private func header(_ mail: MailMessage) -> [String] {
    let text = String(decoding: mail.bytes, as: UTF8.self)
    // Folded lines are put together again.
    let head = text.replacing("\r\n ", with: " ").split(separator: "\r\n\r\n", maxSplits: 1)[0]
    return head.split(separator: "\r\n").map(String.init)
}

private func value(_ name: String, _ mail: MailMessage) -> String? {
    header(mail).first { $0.hasPrefix(name + ": ") }.map { String($0.dropFirst(name.count + 2)) }
}

/// Everything that tries to end a line, or to be something else.
private let hostile = "x\r\nBcc: victim@example.org\r\n\r\n<b>body\u{0}\u{85}\u{2028}\u{202E}\"\\=?UTF-8?Q?a?="

@Suite("A mail")
struct MailMessageTests {
    @Test("It says who, what and why, and that a machine wrote it")
    func headers() throws {
        let mail = try mail(notice())
        #expect(value("From", mail) == "\"Martlet\" <ci@ci.example.org>")
        #expect(value("To", mail) == "\"Ann\" <ann@example.org>")
        #expect(value("Subject", mail) == "[acme/web] CI is broken on main")
        #expect(value("Date", mail) == "Sat, 25 Jul 2026 17:20:00 +0000")
        #expect(value("Auto-Submitted", mail) == "auto-generated")
        #expect(value("List-Id", mail) == "\"acme/web\" <acme-web.martlet.ci.example.org>")
        #expect(value("Message-ID", mail)?.hasSuffix("@ci.example.org>") == true)
    }

    @Test("The mails of a run stand together; the same notice is the same mail, another one is another")
    func threads() throws {
        let first = try mail(notice(key: "a"))
        let second = try mail(notice(.recoveredByRerun, key: "b"))
        let other = try mail(notice(.broke, news(13), key: "c"))
        #expect(value("References", first) == value("References", second))
        #expect(value("In-Reply-To", first) == value("References", first))
        #expect(value("References", first) != value("References", other))
        #expect(value("Message-ID", first) != value("Message-ID", second))
        #expect(try mail(notice(key: "a")).bytes == first.bytes)
    }

    @Test("Whatever people are called and commits say, no header is added and no line is too long")
    func injection() throws {
        // In ASCII too, which is not encoded.
        var plainText = news()
        plainText.labels.workflow = "a\r\nBcc: victim@example.org\nX: y\rZ: \u{0}\u{7F}\tb"
        let ascii = try mail(notice(.broke, plainText), to: "a\r\nBcc: victim@example.org\tb")
        #expect(value("Subject", ascii) == "[acme/web] a Bcc: victim@example.org X: y Z: b is broken on main")
        #expect(value("To", ascii) == "\"a Bcc: victim@example.org b\" <ann@example.org>")
        #expect(value("Bcc", ascii) == nil)
        var evil = news()
        evil.labels.workflow = hostile
        evil.subject = Subject(project: hostile, workflow: hostile, branch: hostile)
        evil.labels.sentence = hostile
        evil.labels.title = hostile
        evil.labels.url = hostile
        evil.author = Person(name: hostile, email: hostile)
        for name in [hostile, String(repeating: "name ", count: 200), String(repeating: "n", count: 2_000), "김 \"철수\""]
        {
            let plain = try mail(notice(), to: name)
            let mail = try mail(notice(.broke, evil), to: name)
            let names = { header($0).map { $0.prefix { $0 != ":" } } }
            #expect(names(mail) == names(plain))
            let text = String(decoding: mail.bytes, as: UTF8.self)
            #expect(mail.bytes.allSatisfy { $0 < 127 && ($0 >= 32 || $0 == 13 || $0 == 10) })
            #expect(!text.replacing("\r\n", with: "").contains { $0.isNewline })
            for line in text.split(separator: "\r\n") { #expect(line.utf8.count <= 200, "\(line)") }
            #expect(value("Subject", mail)?.contains("Bcc: victim") != true)
        }
    }

    @Test(
        "An address that could say more than an address is refused",
        arguments: [
            "", "ann", "@example.org", "ann@", "a@b@c", "ann@example.org\r\nBcc: x@example.org", "ann @example.org",
            "ann@exam ple.org", "<ann@example.org>", "ann@example.org>", "\"a\"@example.org", "ann@-example.org",
            "ann@example..org", "안@example.org", ".ann@example.org", String(repeating: "a", count: 65) + "@example.org",
        ])
    func addresses(text: String) {
        #expect(code { _ = try MailAddress(address: text) } == .mailAddressInvalid)
    }

    @Test(
        "Another program reads it: headers, text and HTML, in both languages",
        .enabled(if: PythonTools.hasPython, "There is no Python."))
    func parsed() throws {
        for language in NoticeLanguage.allCases {
            for change in StateChange.allCases {
                var news = news(12, change == .waitingForApproval ? nil : .failure)
                news.labels.title = "장바구니 <b>개수</b> & 합계를 한 번만 센다, 그리고 아주 긴 제목이라도 줄이 나뉘어야 한다"
                news.labels.workflow = "빌드와 테스트: 길고 긴 이름의 워크플로 하나"
                let message = try mail(notice(change, news), to: "홍길동 (개발)", language: language)
                let read = try PythonTools.parse(message.bytes)
                #expect(read["defects"]?.array?.isEmpty == true, "\(read["defects"] ?? .null)")
                let headers = Dictionary(
                    (read["headers"]?.array ?? []).compactMap { pair in
                        pair.array.flatMap { two in two[0].string.flatMap { name in two[1].string.map { (name, $0) } } }
                    }, uniquingKeysWith: { first, _ in first })
                #expect(headers["To"]?.contains("홍길동 (개발)") == true, "\(headers["To"] ?? "")")
                #expect(headers["Subject"]?.contains("빌드와 테스트: 길고 긴 이름의 워크플로 하나") == true)
                #expect(headers["Subject"]?.hasPrefix("[acme/web] ") == true)
                let parts = (read["parts"]?.array ?? []).compactMap { $0.array?.compactMap(\.string) }
                #expect(parts.map { $0[0] } == ["text/plain", "text/html"])
                #expect(parts[0][1].contains("<b>개수</b> & 합계"))
                #expect(parts[1][1].contains("&lt;b&gt;개수&lt;/b&gt; &amp; 합계"))
                #expect(!parts[1][1].contains("<b>"))
                #expect(parts[1][1].contains("href=\"https://ci.example.org/acme/web/runs/12?a=1&amp;b=2\""))
                #expect(parts[0][1].contains("test: the suite 'cart' has 2 failures"))
            }
        }
    }

    @Test("A digest lists its branches and counts the rest", .enabled(if: PythonTools.hasPython, "There is no Python."))
    func digests() throws {
        let read = try PythonTools.parse(try mail(digest(3, omitted: 2)).bytes)
        let text = read["parts"]?.array?.first?.array?.last?.string ?? ""
        #expect(text.contains("- acme/web: CI, branch-3 (3 runs)"))
        #expect(text.contains("And 2 more."))
        let korean = try PythonTools.parse(try mail(digest(1), language: .korean).bytes)
        #expect(korean.jsonText().contains("브랜치 1개가 계속 실패합니다"))
    }
}
