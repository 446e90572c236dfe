// SPDX-License-Identifier: Apache-2.0

/// What a run is about: a commit, or a branch's state at some time.
package struct Change: Sendable {
    package var branch: String
    /// The whole hash.
    package var commit: String
    /// The first line of its message.
    package var title: String
    package var author: String
    package var pullRequest: Int?
    /// The change at the forge.
    package var link: PageAddress?

    package init(
        branch: String, commit: String, title: String, author: String, pullRequest: Int? = nil,
        link: PageAddress? = nil
    ) {
        self.branch = branch
        self.commit = commit
        self.title = title
        self.author = author
        self.pullRequest = pullRequest
        self.link = link
    }
}

/// What started a run.
package enum Trigger: Sendable {
    case push
    case pullRequest(Int)
    case schedule(String)
    case person(String)
    /// A token's name.
    case token(String)
    case rerun(by: String, of: Int)
    /// Any other event, by its name.
    case event(String)

    var words: PageText {
        switch self {
        case .push: .byPush
        case .pullRequest(let number): .byPullRequest(number)
        case .schedule(let line): .bySchedule(line)
        case .person(let name): .byPerson(name)
        case .token(let name): .byToken(name)
        case .rerun(let person, let attempt): .byRerun(person, attempt)
        case .event(let name): .byEvent(name)
        }
    }
}

/// Why a job or a run does not run yet.
package enum WaitReason: Sendable {
    /// - Parameter nearest: a label that some runner has and that is spelt alike.
    case noRunner(label: String, nearest: String?)
    /// - Parameter freeInMs: the forecast until one is free.
    case runnersBusy(count: Int, labels: [String], freeInMs: Int64?)
    case concurrency(group: String, position: Int)
    case approval(environment: String)
    case needs([String])
    /// One sentence that the server made.
    case other(String)

    package var words: PageText {
        switch self {
        case .noRunner(let label, let nearest): .waitNoRunner(label, nearest)
        case .runnersBusy(let count, let labels, let freeInMs):
            .waitBusy(count, labels.joined(separator: ", "), freeInMs)
        case .concurrency(let group, let position): .waitGroup(group, position)
        case .approval(let environment): .waitApproval(environment)
        case .needs(let jobs): .waitNeeds(jobs.joined(separator: ", "))
        case .other(let sentence): .name(sentence)
        }
    }
}

extension Markup {
    /// Branch or pull request, short hash, title.
    mutating func change(_ change: Change, withAuthor: Bool = true) {
        tag(.span, .class("nowrap")) { html in
            html.icon("i-branch")
            html.text(" ")
            if let number = change.pullRequest { html.text("#\(number) ") }
            html.tag(.strong, text: change.branch)
        }
        tag(.span) { html in
            if let link = change.link {
                html.tag(.a, .href(link)) { $0.tag(.code, text: change.commit.prefix(7)) }
            } else {
                html.tag(.code, .title(change.commit), text: change.commit.prefix(7))
            }
            html.text(" ")
            html.copyButton(change.commit, .copyHash)
        }
        tag(.span, .class("cut"), .title(change.title), text: change.title)
        if withAuthor { tag(.span, .class("nowrap"), text: change.author) }
    }
}
