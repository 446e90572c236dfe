// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import NotificationRules
import PipelineModel
import Testing
import Timekeeping

let now = Timestamp(milliseconds: 1_785_000_000_000)

func news(_ run: Int = 12, _ conclusion: Conclusion? = .failure) -> RunNews {
    let subject = Subject(project: "acme/web", workflow: ".github/workflows/ci.yml", branch: "main")
    var news = RunNews(subject: subject, event: "push", run: run, conclusion: conclusion)
    news.author = Person(name: "Ann", email: "ann@example.org")
    news.brokenSince = now + .minutes(-125)
    news.labels.workflow = "CI"
    news.labels.title = "Count the cart's items once"
    news.labels.commit = "5f2e1c0d9b8a7f6e5d4c3b2a19080706f5e4d3c2"
    news.labels.url = "https://ci.example.org/acme/web/runs/12?a=1&b=2"
    news.labels.sentence = "test: the suite 'cart' has 2 failures"
    return news
}

func notice(_ change: StateChange = .broke, _ news: RunNews = news(), key: String = "k1") -> Notice {
    Notice(key: key, policy: "main", address: .channel("ci"), due: now, content: .run(change, news))
}

func digest(_ count: Int, omitted: Int = 0) -> Notice {
    var digest = Notice.Digest()
    digest.omittedCount = omitted
    for number in 1...count {
        var item = news(number)
        item.subject.branch = "branch-\(number)"
        digest.items.append(Notice.Digest.Item(news: item, count: number))
    }
    return Notice(key: "d", policy: "main", address: .channel("ci"), due: now, content: .digest(digest))
}

/// The code of what `body` throws.
func code(_ body: () throws -> Void) -> DiagnosticCode? {
    do {
        try body()
        return nil
    } catch {
        return (error as? DiagnosticError)?.diagnostic.code
    }
}
