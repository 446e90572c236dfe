// SPDX-License-Identifier: Apache-2.0

package import NotificationRules
package import Timekeeping

/// A notice in words, before it takes the form of a mail or of a message.
package struct NoticeText: Hashable, Sendable {
    /// One line.
    package var title: String
    /// The whole of it in a sentence.
    package var lead: String
    /// What failed first, as the run says it.
    package var detail: String?
    package var facts: [Fact] = []
    package var items: [Item] = []
    /// What is left out of ``items``, in a sentence.
    package var omitted: String?
    package var link: Link?
    /// Why somebody gets it.
    package var footer: String

    package struct Fact: Hashable, Sendable {
        package var label: String
        package var value: String
    }

    /// A branch of a digest.
    package struct Item: Hashable, Sendable {
        package var title: String
        package var detail: String?
        package var url: String?
    }

    package struct Link: Hashable, Sendable {
        package var label: String
        package var url: String

        package init(label: String, url: String) {
            self.label = label
            self.url = url
        }
    }

    /// Something that is no notice of runs.
    package init(title: String, lead: String, detail: String?, link: Link?, footer: String) {
        self.title = title
        self.lead = lead
        self.detail = detail
        self.link = link
        self.footer = footer
    }

    package init(_ notice: Notice, language: NoticeLanguage, now: Timestamp) {
        let words = NoticeWords(language: language)
        footer = words.footer(notice.policy)
        switch notice.content {
        case .run(let change, let news):
            let workflow = Self.workflow(news)
            title = words.title(change, project: news.subject.project, workflow: workflow, branch: news.subject.branch)
            lead = words.lead(change, workflow: workflow, branch: news.subject.branch, run: news.run)
            detail = news.labels.sentence
            facts = Self.facts(news, words, now)
            link = news.labels.url.map { Link(label: words.openRun, url: $0) }
        case .digest(let digest):
            let count = digest.items.count + digest.omittedCount
            title = words.digestTitle(count)
            lead = words.digestLead(count)
            items = digest.items.map { Self.item($0, words, now) }
            if digest.omittedCount > 0 { omitted = words.omitted(digest.omittedCount) }
        }
    }

    private static func workflow(_ news: RunNews) -> String { news.labels.workflow ?? news.subject.workflow }

    private static func item(_ item: Notice.Digest.Item, _ words: NoticeWords, _ now: Timestamp) -> Item {
        let news = item.news
        let subject = news.subject
        let title = words.digestItem(
            project: subject.project, workflow: workflow(news), branch: subject.branch, count: item.count)
        let since = news.brokenSince.map { words.brokenFor(words.span(now - $0)) }
        let details = [since, news.labels.sentence].compactMap { $0 }
        return Item(title: title, detail: details.isEmpty ? nil : details.joined(separator: " "), url: news.labels.url)
    }

    private static func facts(_ news: RunNews, _ words: NoticeWords, _ now: Timestamp) -> [Fact] {
        var facts = [
            Fact(label: words.projectLabel, value: news.subject.project),
            Fact(label: words.runLabel, value: words.run(news.run, attempt: news.attempt, event: news.event)),
        ]
        if let title = news.labels.title { facts.append(Fact(label: words.changeLabel, value: title)) }
        if let commit = news.labels.commit {
            facts.append(Fact(label: words.commitLabel, value: String(commit.prefix(12))))
        }
        if let author = news.author {
            facts.append(Fact(label: words.authorLabel, value: author.name.isEmpty ? author.email : author.name))
        }
        if let since = news.brokenSince, news.conclusion != nil {
            facts.append(Fact(label: words.brokenLabel, value: words.span(now - since)))
        }
        return facts
    }
}
