// SPDX-License-Identifier: Apache-2.0

package import StructuredData
package import Timekeeping

/// Where a notice goes.
package enum NoticeAddress: Hashable, Sendable, DataRepresentable {
    case person(Person)
    case channel(String)

    /// What tells it from others: people are the same by their mail, whatever they call themselves.
    package var id: String {
        switch self {
        case .person(let person): "mail:" + person.email.lowercased()
        case .channel(let name): "channel:" + name
        }
    }

    package var data: DataValue {
        switch self {
        case .person(let person): ["person": person.data]
        case .channel(let name): ["channel": .string(name)]
        }
    }

    package init(data: DataValue) throws(DataShapeError) {
        if let name = data["channel"]?.string {
            self = .channel(name)
        } else {
            self = .person(try data.required("person") { try? Person(data: $0) })
        }
    }
}

/// Something that one address is told.
package struct Notice: Hashable, Sendable, DataRepresentable {
    /// The same for the same thing told by the same policy to the same address: what is sent twice by mistake can be
    /// seen to be one.
    package var key: String
    package var policy: String
    package var address: NoticeAddress
    /// Not before.
    package var due: Timestamp
    /// It goes out in quiet hours, too.
    package var passesQuietHours = false
    package var content: Content

    package enum Content: Hashable, Sendable {
        case run(StateChange, RunNews)
        case digest(Digest)
    }

    /// What kept failing, a branch once.
    package struct Digest: Hashable, Sendable {
        /// The oldest first.
        package var items: [Item] = []
        /// Branches more than ``NoticeLimits/digestItems``.
        package var omittedCount = 0

        package struct Item: Hashable, Sendable {
            /// The latest.
            package var news: RunNews
            /// Runs of it that failed since the last digest.
            package var count: Int

            package init(news: RunNews, count: Int) {
                self.news = news
                self.count = count
            }
        }

        package init(items: [Item] = [], omittedCount: Int = 0) {
            self.items = items
            self.omittedCount = omittedCount
        }
    }

    package var data: DataValue {
        var fields: DataObject = [
            "key": .string(key), "policy": .string(policy), "address": address.data, "due": .moment(due),
        ]
        fields.set("passes", .only(passesQuietHours))
        switch content {
        case .run(let change, let news):
            fields["change"] = .string(change.rawValue)
            fields["news"] = news.data
        case .digest(let digest):
            fields["items"] = .array(digest.items.map { ["news": $0.news.data, "count": .whole($0.count)] })
            fields["omitted"] = .whole(digest.omittedCount)
        }
        return .object(fields)
    }

    package init(data: DataValue) throws(DataShapeError) {
        key = try data.string("key")
        policy = try data.string("policy")
        address = try data.required("address") { try? NoticeAddress(data: $0) }
        due = try data.requiredMoment("due")
        passesQuietHours = data.bool("passes")
        if let change = data["change"]?.string.flatMap(StateChange.init(rawValue:)), let news = data["news"] {
            content = .run(change, try RunNews(data: news))
        } else {
            let items = try data.list("items") { value throws(DataShapeError) in
                Digest.Item(
                    news: try data.required("items") { _ in value["news"].flatMap { try? RunNews(data: $0) } },
                    count: value["count"]?.int ?? 1)
            }
            content = .digest(Digest(items: items, omittedCount: data["omitted"]?.int ?? 0))
        }
    }

    package init(
        key: String, policy: String, address: NoticeAddress, due: Timestamp, content: Content
    ) {
        self.key = key
        self.policy = policy
        self.address = address
        self.due = due
        self.content = content
    }

    /// What it tells of.
    package var news: [RunNews] {
        switch content {
        case .run(_, let news): [news]
        case .digest(let digest): digest.items.map(\.news)
        }
    }

    /// Whether it says that something fails.
    package var tellsOfFailure: Bool {
        switch content {
        case .run(let change, _): change == .broke || change == .stillFailing
        case .digest: true
        }
    }

    static func key(_ policy: String, _ change: StateChange, _ news: RunNews, _ address: NoticeAddress) -> String {
        let subject = news.subject
        let parts = [
            policy, change.rawValue, subject.project, subject.workflow, subject.branch, "\(news.run).\(news.attempt)",
            address.id,
        ]
        return DataValue.array(parts.map { .string($0) }).jsonText()
    }
}
