// SPDX-License-Identifier: Apache-2.0

internal import EventJournal
internal import SourceForges
internal import StructuredData
internal import Timekeeping

/// A status as it waits in the journal to be told.
struct StatusMessage {
    /// Of statuses with the same place the last one counts.
    struct Place: Hashable {
        var project: String
        var sha: String
        var context: String
    }

    var place: Place
    var state: CommitStatus.State
    var description: String
    var url: String?
    var ref: String?
    var startedAt: Timestamp?
    var completedAt: Timestamp?
    /// When it was asked for.
    var at: Timestamp

    static let destination = "status"

    func outbox(key: String) -> OutboxMessage {
        var object: DataObject = [
            "project": .string(place.project), "sha": .string(place.sha), "context": .string(place.context),
            "state": .string(state.rawValue), "description": .string(description.cut(to: 1_000)),
            "at": .number(Double(at.milliseconds)),
        ]
        object.set("url", url.map { .string($0) })
        object.set("ref", ref.map { .string($0) })
        object.set("startedAt", startedAt.map { .number(Double($0.milliseconds)) })
        object.set("completedAt", completedAt.map { .number(Double($0.milliseconds)) })
        return OutboxMessage(key: key, destination: Self.destination, payload: Array(object.jsonText().utf8))
    }

    /// `nil` for a message that is none.
    init?(_ message: OutboxMessage) {
        guard message.destination == Self.destination, let data = try? DataValue(json: message.payload),
            let project = data["project"]?.string, let sha = data["sha"]?.string,
            let context = data["context"]?.string,
            let state = data["state"]?.string.flatMap(CommitStatus.State.init(rawValue:))
        else { return nil }
        let time = { (key: String) -> Timestamp? in
            data[key]?.int.map { Timestamp(milliseconds: Int64($0)) }
        }
        self.init(
            place: Place(project: project, sha: sha, context: context), state: state,
            description: data["description"]?.string ?? "", at: time("at") ?? Timestamp(milliseconds: 0))
        url = data["url"]?.string
        ref = data["ref"]?.string
        startedAt = time("startedAt")
        completedAt = time("completedAt")
    }

    init(place: Place, state: CommitStatus.State, description: String, at: Timestamp) {
        self.place = place
        self.state = state
        self.description = description
        self.at = at
    }

    func status(_ repository: String) -> CommitStatus {
        var status = CommitStatus(
            repository: repository, sha: place.sha, state: state, context: place.context, description: description)
        status.targetURL = url
        status.ref = ref
        status.startedAt = startedAt
        status.completedAt = completedAt
        return status
    }
}
