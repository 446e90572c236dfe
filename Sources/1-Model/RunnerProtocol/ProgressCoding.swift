// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
package import StructuredData

/// Progress as bytes: log bytes go as they are, everything else as JSON. One frame a part: two lengths of four bytes
/// (big-endian) for the JSON and the raw bytes, then both. The first frame is the lease.
package enum ProgressCoding {
    package static let contentType = "application/vnd.martlet.progress"

    package static func encode(_ progress: Progress) -> [UInt8] {
        var bytes: [UInt8] = []
        append(progress.lease.data, [], to: &bytes)
        for part in progress.parts {
            switch part {
            case .events(let first, let events):
                append(
                    ["events": .array(events.map(event)), "first": .number(Double(first))], [], to: &bytes)
            case .log(let attempt, let offset, let text):
                append(["log": .string(attempt.description), "offset": .number(Double(offset))], text, to: &bytes)
            case .logEnded(let attempt, let end):
                append(
                    [
                        "logEnded": .string(attempt.description), "lines": .number(Double(end.lines)),
                        "bytes": .number(Double(end.bytes)), "dropped": .number(Double(end.droppedBytes)),
                        "digest": .string(end.digest),
                    ], [], to: &bytes)
            case .outcomes(let first, let lines):
                append(
                    ["outcomes": .array(lines.map(DataValue.object)), "first": .number(Double(first))], [], to: &bytes)
            case .finished(let outcome, let outputs):
                append(["finished": .object(outcome), "outputs": .object(outputs)], [], to: &bytes)
            }
        }
        return bytes
    }

    /// - Throws: where the bytes are no progress, or have more than the named limits allow.
    package static func decode(_ bytes: [UInt8]) throws(DataShapeError) -> Progress {
        guard bytes.count <= RunnerLimits.progressBytes else {
            throw DataShapeError("at most \(RunnerLimits.progressBytes) bytes of progress")
        }
        var rest = bytes[...]
        var progress = Progress(lease: try LeaseKey(data: try frame(&rest).json), parts: [])
        while !rest.isEmpty {
            guard progress.parts.count < RunnerLimits.partsPerProgress else {
                throw DataShapeError("at most \(RunnerLimits.partsPerProgress) parts of progress")
            }
            let (json, raw) = try frame(&rest)
            progress.parts.append(try part(json, raw))
        }
        return progress
    }

    // MARK: Inside

    private static func append(_ json: DataValue, _ raw: [UInt8], to bytes: inout [UInt8]) {
        var text: [UInt8] = []
        json.appendJSON(to: &text)
        for count in [text.count, raw.count] {
            withUnsafeBytes(of: UInt32(count).bigEndian) { bytes.append(contentsOf: $0) }
        }
        bytes += text
        bytes += raw
    }

    private static func event(_ event: Progress.Event) -> DataValue {
        [
            "type": .string(event.type), "version": .number(Double(event.version)),
            "payload": .string(String(decoding: event.payload, as: UTF8.self)), "age": .number(Double(event.ageMs)),
        ]
    }

    private static func frame(_ rest: inout ArraySlice<UInt8>) throws(DataShapeError) -> (json: DataValue, raw: [UInt8])
    {
        let sizes = [try length(&rest), try length(&rest)]
        guard sizes[0] <= rest.count, sizes[1] <= rest.count - sizes[0] else {
            throw DataShapeError("whole: a frame is cut off")
        }
        let text = Array(rest.prefix(sizes[0]))
        let raw = Array(rest.dropFirst(sizes[0]).prefix(sizes[1]))
        rest = rest.dropFirst(sizes[0] + sizes[1])
        guard let json = try? DataValue(json: text) else { throw DataShapeError("JSON in a frame") }
        return (json, raw)
    }

    private static func length(_ rest: inout ArraySlice<UInt8>) throws(DataShapeError) -> Int {
        guard rest.count >= 4 else { throw DataShapeError("whole: a length is cut off") }
        defer { rest = rest.dropFirst(4) }
        return rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    }

    private static func part(_ json: DataValue, _ raw: [UInt8]) throws(DataShapeError) -> Progress.Part {
        if json["events"] != nil {
            let events = try json.list("events") { item throws(DataShapeError) in
                Progress.Event(
                    type: try item.string("type"), version: try item.int("version"),
                    payload: Array(try item.string("payload").utf8), ageMs: Int64(try item.int("age")))
            }
            return .events(first: try json.int("first"), events)
        }
        if let text = json["log"]?.string {
            return .log(try attempt(text), offset: try json.int("offset"), raw)
        }
        if let text = json["logEnded"]?.string {
            let end = Progress.LogEnd(
                lines: try json.int("lines"), bytes: try json.int("bytes"), droppedBytes: try json.int("dropped"),
                digest: try json.string("digest"))
            return .logEnded(try attempt(text), end)
        }
        if json["outcomes"] != nil {
            let lines = try json.list("outcomes") { item throws(DataShapeError) in
                guard let line = item.object else { throw DataShapeError("an object a line") }
                return line
            }
            return .outcomes(first: try json.int("first"), lines)
        }
        if let outcome = json["finished"]?.object {
            return .finished(outcome: outcome, outputs: json["outputs"]?.object ?? DataObject())
        }
        throw DataShapeError("a part of progress that this version knows")
    }

    private static func attempt(_ text: String) throws(DataShapeError) -> StepAttempt {
        guard let attempt = StepAttempt(text) else { throw DataShapeError("a step's attempt") }
        return attempt
    }
}
