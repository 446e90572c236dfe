// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StructuredData
package import Timekeeping

/// Somebody who can be told something.
package struct Person: Hashable, Sendable, DataRepresentable {
    package var name: String
    /// Mail; compared without regard to ASCII case.
    package var email: String

    package init(name: String, email: String) {
        self.name = name.cut(NoticeLimits.nameBytes)
        self.email = email
    }

    package var data: DataValue { ["name": .string(name), "email": .string(email)] }

    package init(data: DataValue) throws(DataShapeError) {
        self.init(name: data["name"]?.string ?? "", email: try data.string("email"))
    }
}

/// What can be broken: a workflow on a branch of a project.
package struct Subject: Hashable, Sendable, DataRepresentable, CustomStringConvertible {
    package var project: String
    /// The workflow's file, which stays the same when its name changes.
    package var workflow: String
    /// Without `refs/heads/`.
    package var branch: String

    package init(project: String, workflow: String, branch: String) {
        self.project = project.cut(NoticeLimits.nameBytes)
        self.workflow = workflow.cut(NoticeLimits.nameBytes)
        self.branch = branch.cut(NoticeLimits.nameBytes)
    }

    package var description: String { "\(project), \(workflow) on \(branch)" }

    package var data: DataValue {
        ["project": .string(project), "workflow": .string(workflow), "branch": .string(branch)]
    }

    package init(data: DataValue) throws(DataShapeError) {
        self.init(
            project: try data.string("project"), workflow: try data.string("workflow"),
            branch: try data.string("branch"))
    }
}

/// A run that ended, or that waits for somebody: what there is to tell.
package struct RunNews: Hashable, Sendable {
    package var subject: Subject
    /// What started it: `push`.
    package var event: String
    package var run: Int
    package var attempt: Int
    /// `nil`: it waits for an approval.
    package var conclusion: Conclusion?
    /// Of the last run before this one, of the same subject, that succeeded or failed.
    package var previous: Conclusion?
    /// Of this run's attempt before this one.
    package var earlierAttempt: Conclusion?
    /// When the subject's first failing run ended, of those that fail until now. `nil` where it did not fail before.
    package var brokenSince: Timestamp?
    /// A newer run of the subject has ended already: what this one says is history.
    package var isSuperseded = false
    package var isDefaultBranch = false
    /// For people; what is told in lists and titles.
    package var labels = Labels()
    /// Who made the change.
    package var author: Person?
    /// Who is asked when the author does not act; of a run that waits, who may approve.
    package var owners: [Person] = []

    package struct Labels: Hashable, Sendable {
        /// The workflow's name.
        package var workflow: String?
        /// The first line of the commit.
        package var title: String?
        package var commit: String?
        /// Of the run's page.
        package var url: String?
        /// What failed first, in a sentence; of a run that waits, what it waits for.
        package var sentence: String?

        package init() {}
    }

    package init(subject: Subject, event: String, run: Int, attempt: Int = 1, conclusion: Conclusion?) {
        self.subject = subject
        self.event = event
        self.run = run
        self.attempt = attempt
        self.conclusion = conclusion
    }
}

extension RunNews: DataRepresentable {
    package var data: DataValue {
        .entries([
            "subject": subject.data, "event": .string(event), "run": .whole(run), "attempt": .whole(attempt),
            "conclusion": conclusion.map { .string($0.rawValue) }, "previous": previous.map { .string($0.rawValue) },
            "earlierAttempt": earlierAttempt.map { .string($0.rawValue) },
            "brokenSince": brokenSince.map { .moment($0) },
            "superseded": .only(isSuperseded), "defaultBranch": .only(isDefaultBranch), "labels": labels.data,
            "author": author?.data, "owners": owners.isEmpty ? Optional.none : .some(.array(owners.map(\.data))),
        ])
    }

    package init(data: DataValue) throws(DataShapeError) {
        self.init(
            subject: try data.required("subject") { try? Subject(data: $0) }, event: data["event"]?.string ?? "",
            run: try data.int("run"), attempt: data["attempt"]?.int ?? 1, conclusion: data.conclusion("conclusion"))
        previous = data.conclusion("previous")
        earlierAttempt = data.conclusion("earlierAttempt")
        brokenSince = data.moment("brokenSince")
        isSuperseded = data.bool("superseded")
        isDefaultBranch = data.bool("defaultBranch")
        labels = Labels(data: data["labels"] ?? .null)
        author = data["author"].flatMap { try? Person(data: $0) }
        owners = try data.list("owners") { value throws(DataShapeError) in try Person(data: value) }
    }

    /// With each text cut to what an event may carry.
    var bounded: RunNews {
        var news = self
        news.event = event.cut(NoticeLimits.nameBytes)
        let isMail = { (person: Person) in person.email.utf8.count <= NoticeLimits.mailBytes }
        news.author = author.flatMap { isMail($0) ? $0 : nil }
        news.owners = Array(owners.filter(isMail).prefix(NoticeLimits.owners))
        news.labels = labels.bounded
        return news
    }

    /// As it stands in a digest, of which many fit into one event.
    var inDigest: RunNews {
        var news = self
        news.author = nil
        news.owners = []
        news.labels.commit = nil
        news.labels.title = labels.title?.cut(NoticeLimits.digestSentenceBytes)
        news.labels.sentence = labels.sentence?.cut(NoticeLimits.digestSentenceBytes)
        return news
    }
}

extension RunNews.Labels {
    var data: DataValue {
        .entries([
            "workflow": workflow.map { .string($0) }, "title": title.map { .string($0) },
            "commit": commit.map { .string($0) }, "url": url.map { .string($0) },
            "sentence": sentence.map { .string($0) },
        ])
    }

    init(data: DataValue) {
        workflow = data["workflow"]?.string
        title = data["title"]?.string
        commit = data["commit"]?.string
        url = data["url"]?.string
        sentence = data["sentence"]?.string
    }

    var bounded: Self {
        var labels = self
        labels.workflow = workflow?.cut(NoticeLimits.nameBytes)
        labels.title = title?.cut(NoticeLimits.nameBytes)
        labels.commit = commit?.cut(NoticeLimits.nameBytes)
        // A link that was cut would lead nowhere.
        labels.url = url.flatMap { $0.utf8.count <= NoticeLimits.linkBytes ? $0 : nil }
        labels.sentence = sentence?.cut(NoticeLimits.sentenceBytes)
        return labels
    }
}
