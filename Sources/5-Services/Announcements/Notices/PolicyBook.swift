// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
internal import EventJournal
package import NotificationRules
package import Notifications
package import RunCoordination
package import StructuredData
internal import Synchronization
package import Timekeeping

/// Who is told what in a project: the document as it was given, and what it says.
///
/// ```json
/// {"policies": […], "slack": {"U024BE7LH": "ann@example.org"}, "language": "en"}
/// ```
package struct PolicyDocument: Sendable {
    package var object: DataObject
    /// How often it was changed; 0: it is the standard.
    package var version: Int
    package var policies: [NotificationPolicy]?
    /// Slack's id of a user, or of team and user (`T1/U1`), to the name or the mail address of an account.
    package var slack: [String: String]
    package var language: NoticeLanguage?

    /// - Throws: ``DiagnosticCode/policiesInvalid``, ``DiagnosticCode/policyInvalid``.
    init(_ object: DataObject, version: Int) throws(DiagnosticError) {
        self.object = object
        self.version = version
        if let entries = object["policies"], entries != .null {
            guard let entries = entries.array, entries.count <= NoticeLimits.policies else {
                throw Self.invalid("'policies' is a list of at most \(NoticeLimits.policies)")
            }
            var read: [NotificationPolicy] = []
            for entry in entries { read.append(try NotificationPolicy(data: entry, zones: Self.zone)) }
            guard Set(read.map(\.id)).count == read.count else { throw Self.invalid("two policies have one id") }
            policies = read
        }
        slack = [:]
        if let users = object["slack"], users != .null {
            guard let users = users.object, users.count <= AnnouncementLimits.slackUsers else {
                throw Self.invalid("'slack' is an object of at most \(AnnouncementLimits.slackUsers) users")
            }
            for (user, account) in users {
                guard let account = account.string, !account.isEmpty else {
                    throw Self.invalid("'slack' names an account for each user")
                }
                slack[user] = account
            }
        }
        if let language = object["language"], language != .null {
            guard let known = language.string.flatMap(NoticeLanguage.init(rawValue:)) else {
                let names = NoticeLanguage.allCases.map(\.rawValue).joined(separator: " or ")
                throw Self.invalid("'language' is \(names)")
            }
            self.language = known
        }
        let known: Set = ["policies", "slack", "language"]
        if let other = object.map(\.0).first(where: { !known.contains($0) }) {
            throw Self.invalid("'\(other.cut(60))' is none of policies, slack and language")
        }
    }

    static let standard: PolicyDocument? = try? PolicyDocument([:], version: 0)

    private static func zone(_ name: String) -> ZoneRules? { try? ZoneRules(named: name) }

    static func invalid(_ problem: String) -> DiagnosticError {
        DiagnosticError(
            .policiesInvalid, "The notifications of a project cannot be set so: \(problem).",
            remedy: "See the guide on notifications for what they may say.")
    }
}

/// Keeps the documents: each change is an event of the stream `policies/<project>`.
package final class PolicyBook: Sendable {
    private let store: RunStore
    private let known = Mutex<[EntryID: PolicyDocument]>([:])

    package init(store: RunStore) { self.store = store }

    private static let typeName = "policiesSet"

    private static func stream(_ project: EntryID) -> StreamID { StreamID("policies/\(project)") }

    package func document(of project: EntryID) throws(DiagnosticError) -> PolicyDocument {
        if let document = known.withLock({ $0[project] }) { return document }
        let stream = Self.stream(project)
        let recorded = try store.recorded { (journal) throws(JournalError) in try journal.events(of: stream) }
        let text = recorded.last.flatMap { try? DataValue(json: $0.event.payload) }
        let document = try PolicyDocument(text?["document"]?.object ?? [:], version: recorded.count)
        known.withLock { $0[project] = document }
        return document
    }

    /// What a document would say; nothing is recorded.
    ///
    /// - Throws: ``DiagnosticCode/policiesMoved``, and what is wrong with the document.
    package func checked(
        _ object: DataObject, of project: EntryID, replacing version: Int?
    ) throws(DiagnosticError) -> PolicyDocument {
        let before = try document(of: project)
        if let version, version != before.version { throw Self.moved }
        guard DataValue.object(object).jsonText().utf8.count <= AnnouncementLimits.policiesBytes else {
            throw PolicyDocument.invalid("it has more than \(AnnouncementLimits.policiesBytes) bytes")
        }
        return try PolicyDocument(object, version: before.version + 1)
    }

    /// - Parameters:
    ///   - version: the one that is to be replaced; `nil`: whichever there is.
    ///   - name: who sets it.
    /// - Throws: ``DiagnosticCode/policiesMoved``, and what is wrong with the document.
    package func set(
        _ object: DataObject, of project: EntryID, replacing version: Int?, by name: String, now: Timestamp
    ) throws(DiagnosticError) -> PolicyDocument {
        let payload: DataValue = ["document": .object(object), "by": .string(name.cut(NoticeLimits.nameBytes))]
        let document = try checked(object, of: project, replacing: version)
        let append = StreamAppend(
            Self.stream(project), expectedVersion: document.version - 1,
            events: [NewEvent(type: Self.typeName, payload: Array(payload.jsonText().utf8))])
        do throws(DiagnosticError) {
            _ = try store.recorded { (journal) throws(JournalError) in try journal.append(append, now: now) }
        } catch {
            known.withLock { $0[project] = nil }
            throw error.diagnostic.code == .journalConflict ? Self.moved : error
        }
        known.withLock { $0[project] = document }
        return document
    }

    private static var moved: DiagnosticError {
        DiagnosticError(
            .policiesMoved, "The notifications of this project were changed meanwhile.",
            remedy: "Read them again, and change what is there now.")
    }
}

/// What holds where nobody has said anything: authors and those who may approve by mail, where mail goes out; the project's
/// channels.
enum StandardPolicies {
    private static let changes: Set<StateChange> = [.broke, .fixed, .recoveredByRerun, .waitingForApproval]

    static func policies(_ channels: [NotificationChannel], hasMail: Bool) -> [NotificationPolicy] {
        var policies: [NotificationPolicy] = []
        if hasMail {
            policies.append(NotificationPolicy(id: "standard", changes: changes, routes: [.author]))
            policies.append(
                NotificationPolicy(
                    id: "standard approvals", changes: [.waitingForApproval], routes: [.owners(after: .minutes(0))]))
        }
        for channel in channels {
            let chosen = Set(channel.settings.events.compactMap(StateChange.init(rawValue:)))
            policies.append(
                NotificationPolicy(
                    id: "standard \(channel.id)", changes: channel.settings.events.isEmpty ? changes : chosen,
                    routes: [.channel(channel.settings.name)]))
        }
        return policies
    }
}
