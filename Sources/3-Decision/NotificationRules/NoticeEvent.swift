// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import StructuredData
package import Timekeeping

/// A fact of what was told to whom.
package enum NoticeEvent: Hashable, Sendable {
    case noticePlanned(Notice)
    /// Its time fell into quiet hours.
    case noticePostponed(key: String, due: Timestamp)
    /// It was handed over: a server took it.
    case noticeSent(key: String, at: Timestamp)
    /// It will not be sent, and why.
    case noticeDropped(key: String, reason: String)
    /// Put aside for a digest, which is due so.
    case failureNoted(policy: String, address: NoticeAddress, news: RunNews, due: Timestamp)
    case digestPostponed(policy: String, address: String, due: Timestamp)
    /// What was put aside became a notice.
    case digestClosed(Notice)
    /// What failed fails no longer; who was told is no longer to be told.
    case failureEnded(Subject)
}

extension NoticeEvent {
    /// Past tense, never renamed.
    package var typeName: String {
        switch self {
        case .noticePlanned: "noticePlanned"
        case .noticePostponed: "noticePostponed"
        case .noticeSent: "noticeSent"
        case .noticeDropped: "noticeDropped"
        case .failureNoted: "failureNoted"
        case .digestPostponed: "digestPostponed"
        case .digestClosed: "digestClosed"
        case .failureEnded: "failureEnded"
        }
    }

    /// Raised when a payload's meaning changes.
    package var version: Int { 1 }

    package var payload: DataValue {
        switch self {
        case .noticePlanned(let notice), .digestClosed(let notice): ["notice": notice.data]
        case .noticePostponed(let key, let due): ["key": .string(key), "due": .moment(due)]
        case .noticeSent(let key, let time): ["key": .string(key), "at": .moment(time)]
        case .noticeDropped(let key, let reason): ["key": .string(key), "reason": .string(reason)]
        case .failureNoted(let policy, let address, let news, let due):
            ["policy": .string(policy), "address": address.data, "news": news.data, "due": .moment(due)]
        case .digestPostponed(let policy, let address, let due):
            ["policy": .string(policy), "address": .string(address), "due": .moment(due)]
        case .failureEnded(let subject): ["subject": subject.data]
        }
    }

    /// - Throws: ``DiagnosticCode/noticeEventUnreadable``, also for a type or version that this program does not know.
    package init(typeName: String, version: Int, payload: DataValue) throws(DiagnosticError) {
        guard version == 1 else { throw .unreadableNotice(typeName, "its version \(version) is not known") }
        do {
            self = try Self.read(typeName, payload)
        } catch {
            throw .unreadableNotice(typeName, error.description)
        }
    }

    private static func read(_ typeName: String, _ payload: DataValue) throws(DataShapeError) -> NoticeEvent {
        func notice() throws(DataShapeError) -> Notice { try payload.required("notice") { try? Notice(data: $0) } }
        switch typeName {
        case "noticePlanned": return .noticePlanned(try notice())
        case "digestClosed": return .digestClosed(try notice())
        case "noticePostponed":
            return .noticePostponed(key: try payload.string("key"), due: try payload.requiredMoment("due"))
        case "noticeSent": return .noticeSent(key: try payload.string("key"), at: try payload.requiredMoment("at"))
        case "noticeDropped":
            return .noticeDropped(key: try payload.string("key"), reason: payload["reason"]?.string ?? "")
        case "failureNoted":
            return .failureNoted(
                policy: try payload.string("policy"),
                address: try payload.required("address") { try? NoticeAddress(data: $0) },
                news: try payload.required("news") { try? RunNews(data: $0) }, due: try payload.requiredMoment("due"))
        case "digestPostponed":
            return .digestPostponed(
                policy: try payload.string("policy"), address: try payload.string("address"),
                due: try payload.requiredMoment("due"))
        case "failureEnded": return .failureEnded(try payload.required("subject") { try? Subject(data: $0) })
        default: throw DataShapeError("an event that this program knows")
        }
    }
}

extension DiagnosticError {
    static func unreadableNotice(_ name: String, _ problem: String) -> DiagnosticError {
        DiagnosticError(
            .noticeEventUnreadable, "The journal's event \(name) of what was told cannot be read: \(problem).",
            remedy: "Use the newer Martlet that wrote it.")
    }
}
