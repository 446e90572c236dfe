// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import StructuredData

extension OutboundAnswer {
    static func json(_ value: DataValue, status: Int = 200, headers: HTTPHeaders = []) -> OutboundAnswer {
        var bytes: [UInt8] = []
        value.appendJSON(to: &bytes)
        var all: HTTPHeaders = [("Content-Type", "application/json"), ("Cache-Control", "no-cache")]
        for field in headers { all.add(field.name, field.value) }
        return OutboundAnswer(status: status, headers: all, content: .bytes(bytes))
    }

    static func text(_ text: String, status: Int = 200) -> OutboundAnswer {
        OutboundAnswer(
            status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], content: .bytes(Array(text.utf8)))
    }

    /// A page of a list.
    static func list(_ items: [DataValue], next: String?) -> OutboundAnswer {
        var object: DataObject = ["items": .array(items)]
        object["next"] = next.map(DataValue.string) ?? .null
        return json(.object(object))
    }

    static let empty = OutboundAnswer(status: 204)
}

extension APIRequest {
    /// The body as a JSON object; an empty body is an empty one.
    func json() async throws(DiagnosticError) -> DataObject {
        let bytes = try await bytes()
        if bytes.isEmpty { return DataObject() }
        guard let object = (try? DataValue(json: bytes))?.object else {
            throw DiagnosticError(
                .requestInvalid, "The body is no JSON object.", remedy: "Send one, with Content-Type: application/json."
            )
        }
        return object
    }

    func number(_ name: String, in range: ClosedRange<Int>, default fallback: Int) throws(DiagnosticError) -> Int {
        guard let text = query[name] else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            throw DiagnosticError(
                .requestInvalid,
                "'\(name)' is a number from \(range.lowerBound) to \(range.upperBound); '\(text)' is not.")
        }
        return number
    }

    /// For live routes: where to go on.
    static let after = Route.Parameter(
        name: "after", about: "Live: goes on behind the event with this id, as with Last-Event-ID.",
        schema: ["type": "integer", "minimum": 0])

    /// The id of the last event that the caller saw; `nil`: none. What a client says by itself when it comes back goes before
    /// what stood in the address when it began.
    func lastEvent() throws(DiagnosticError) -> Int? {
        let ids = 0...Int(Int32.max)
        if let id = inbound.headers["Last-Event-ID"].flatMap({ Int($0) }), ids.contains(id) { return id }
        return query["after"] == nil ? nil : try number("after", in: ids, default: 0)
    }

    /// A number of the path; what is none is nothing that is there.
    func pathNumber(_ name: String) throws(DiagnosticError) -> Int {
        guard let number = Int(parameter(name)), number > 0, number <= Int(Int32.max) else {
            throw DiagnosticError(.routeUnknown, "There is no \(name) '\(parameter(name))'.")
        }
        return number
    }
}

extension DataObject {
    /// - Throws: ``DiagnosticCode/requestInvalid`` where it is missing or no text.
    func text(_ name: String) throws(DiagnosticError) -> String {
        guard let text = self[name]?.string else {
            throw DiagnosticError(.requestInvalid, "'\(name)' is missing, or is no text.")
        }
        return text
    }
}
