// SPDX-License-Identifier: Apache-2.0

import StructuredData
import Timekeeping

/// Spans as OTLP's JSON has them. Source: the OpenTelemetry protocol, 1.x: "JSON Protobuf Encoding".
struct SpanText {
    let limits: TraceLimits

    /// Everything before and after the list of spans.
    static func frame(_ service: TraceService) -> (head: [UInt8], tail: [UInt8]) {
        let resource: [DataValue] = [
            attribute(TraceAttribute("service.name", .text(service.name)), .max),
            attribute(TraceAttribute("service.version", .text(service.version)), .max),
            attribute(TraceAttribute("service.instance.id", .text(service.instance)), .max),
        ]
        var head = Array("{\"resourceSpans\":[{\"resource\":{\"attributes\":".utf8)
        DataValue.array(resource).appendJSON(to: &head)
        head += Array("},\"scopeSpans\":[{\"scope\":".utf8)
        DataValue.object(["name": "martlet", "version": .string(service.version)]).appendJSON(to: &head)
        head += Array(",\"spans\":[".utf8)
        return (head, Array("]}]}]}".utf8))
    }

    func append(_ span: TraceSpan, to bytes: inout [UInt8]) {
        var object: DataObject = [
            "traceId": .string(span.trace.text), "spanId": .string(span.id.text),
            "name": .string(span.name.cut(toBytes: limits.nameBytes)), "kind": .number(Double(span.kind.rawValue)),
            "startTimeUnixNano": nanoseconds(span.start), "endTimeUnixNano": nanoseconds(max(span.start, span.end)),
            "attributes": attributes(span.attributes),
        ]
        object.set("parentSpanId", span.parent.map { .string($0.text) })
        if !span.links.isEmpty { object["links"] = .array(span.links.prefix(limits.links).map(link)) }
        if span.links.count > limits.links {
            object["droppedLinksCount"] = .number(Double(span.links.count - limits.links))
        }
        if case .error(let message) = span.status {
            // 2 is an error.
            object["status"] = .object(["code": 2, "message": .string(message)])
        }
        DataValue.object(object).appendJSON(to: &bytes)
    }

    /// Integers of 64 bits are texts in Protobuf's JSON.
    private func nanoseconds(_ time: Timestamp) -> DataValue {
        .string(time.milliseconds <= 0 ? "0" : "\(time.milliseconds)000000")
    }

    private func link(_ link: TraceSpan.Link) -> DataValue {
        .object([
            "traceId": .string(link.trace.text), "spanId": .string(link.span.text),
            "attributes": attributes(link.attributes),
        ])
    }

    private func attributes(_ all: [TraceAttribute]) -> DataValue {
        .array(all.prefix(limits.attributes).map { Self.attribute($0, limits.valueBytes) })
    }

    private static func attribute(_ attribute: TraceAttribute, _ limit: Int) -> DataValue {
        let value: DataObject =
            switch attribute.value {
            case .text(let text): ["stringValue": .string(text.cut(toBytes: limit))]
            case .number(let number): ["intValue": .string(String(number))]
            case .bool(let flag): ["boolValue": .bool(flag)]
            case .texts(let texts):
                [
                    "arrayValue": .object([
                        "values": .array(texts.map { .object(["stringValue": .string($0.cut(toBytes: limit))]) })
                    ])
                ]
            }
        return .object(["key": .string(attribute.key), "value": .object(value)])
    }
}
