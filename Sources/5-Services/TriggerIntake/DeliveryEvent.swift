// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import StructuredData
internal import Timekeeping

/// Events of `delivery/<project>/<id>`.
enum DeliveryEvent {
    /// - Parameters:
    ///   - payload: sealed; in the event, or the digest of the blob that it is in.
    case received(DeliveryHead, payload: Payload)
    case worked([DeliveryNote], dropped: Int)
    case failed(Diagnostic, retryAt: Timestamp?)
    /// Somebody wants it to be tried again.
    case askedAgain(by: String)

    enum Payload {
        /// Hexadecimal digits.
        case inline(String)
        case blob(String)
    }

    var newEvent: NewEvent {
        let (type, object): (String, DataObject) =
            switch self {
            case .received(let head, let payload): ("deliveryReceived", head.object(payload))
            case .worked(let notes, let dropped):
                ("deliveryWorked", ["notes": .array(notes.map(\.data)), "dropped": .number(Double(dropped))])
            case .failed(let diagnostic, let retryAt): ("deliveryFailed", Self.object(diagnostic, retryAt))
            case .askedAgain(let name): ("deliveryAskedAgain", ["by": .string(name)])
            }
        return NewEvent(type: type, payload: Array(object.jsonText().utf8))
    }

    /// `nil` for an event of a later version.
    init?(_ event: NewEvent) {
        guard let data = try? DataValue(json: event.payload) else { return nil }
        switch event.type {
        case "deliveryReceived":
            guard let head = DeliveryHead(data) else { return nil }
            if let text = data["payload"]?.string {
                self = .received(head, payload: .inline(text))
            } else {
                self = .received(head, payload: .blob(data["blob"]?.string ?? ""))
            }
        case "deliveryWorked":
            let notes = try? data.list("notes") { (note) throws(DataShapeError) in try DeliveryNote(data: note) }
            self = .worked(notes ?? [], dropped: data["dropped"]?.int ?? 0)
        case "deliveryFailed":
            let number = data["code"]?.int ?? 0
            let code = (1...9_999).contains(number) ? DiagnosticCode(number) : .deliveryUnreadable
            let diagnostic = Diagnostic(
                code, data["message"]?.string ?? "", file: data["file"]?.string, remedy: data["remedy"]?.string)
            self = .failed(diagnostic, retryAt: data["retryAt"]?.int.map { Timestamp(milliseconds: Int64($0)) })
        case "deliveryAskedAgain": self = .askedAgain(by: data["by"]?.string ?? "")
        default: return nil
        }
    }

    private static func object(_ diagnostic: Diagnostic, _ retryAt: Timestamp?) -> DataObject {
        var object: DataObject = [
            "code": .number(Double(diagnostic.code.number)), "message": .string(diagnostic.message.cut(to: 4_000)),
        ]
        object.set("file", diagnostic.file.map { .string($0.cut(to: 400)) })
        object.set("remedy", diagnostic.remedy.map { .string($0.cut(to: 2_000)) })
        object.set("retryAt", retryAt.map { .number(Double($0.milliseconds)) })
        return object
    }
}

/// What stands in the clear of a delivery.
struct DeliveryHead {
    var project: String
    var id: String
    var title: String
    var ref: String?
    var actor: String?

    func object(_ payload: DeliveryEvent.Payload) -> DataObject {
        var object: DataObject = [
            "project": .string(project), "id": .string(id.cut(to: 2_000)), "title": .string(title.cut(to: 200)),
        ]
        object.set("ref", ref.map { .string($0.cut(to: 1_100)) })
        object.set("actor", actor.map { .string($0.cut(to: 200)) })
        switch payload {
        case .inline(let text): object["payload"] = .string(text)
        case .blob(let digest): object["blob"] = .string(digest)
        }
        return object
    }

    init(project: String, id: String, title: String, ref: String?, actor: String?) {
        self.project = project
        self.id = id
        self.title = title
        self.ref = ref
        self.actor = actor
    }

    init?(_ data: DataValue) {
        guard let project = data["project"]?.string, let id = data["id"]?.string else { return nil }
        self.init(
            project: project, id: id, title: data["title"]?.string ?? "", ref: data["ref"]?.string,
            actor: data["actor"]?.string)
    }
}
