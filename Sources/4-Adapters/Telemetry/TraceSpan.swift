// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// 32 lower-case hexadecimal digits, not all of them zero.
package struct TraceID: Hashable, Sendable {
    package let text: String
}

/// 16 lower-case hexadecimal digits, not all of them zero.
package struct SpanID: Hashable, Sendable {
    package let text: String
}

/// The value of an attribute.
package enum TraceValue: Hashable, Sendable, ExpressibleByStringLiteral {
    case text(String)
    case number(Int)
    case bool(Bool)
    case texts([String])

    package init(stringLiteral value: String) { self = .text(value) }
}

package struct TraceAttribute: Hashable, Sendable {
    package var key: String
    package var value: TraceValue

    package init(_ key: String, _ value: TraceValue) {
        self.key = key
        self.value = value
    }
}

/// Something that took time, as OpenTelemetry has it.
package struct TraceSpan: Hashable, Sendable {
    /// Numbers as in OTLP.
    package enum Kind: Int, Hashable, Sendable {
        case work = 1
        case server = 2
    }

    package enum Status: Hashable, Sendable {
        case unset
        case error(String)
    }

    /// Another span that this one has to do with.
    package struct Link: Hashable, Sendable {
        package var trace: TraceID
        package var span: SpanID
        package var attributes: [TraceAttribute]
    }

    package var trace: TraceID
    package var id: SpanID
    package var parent: SpanID?
    package var name: String
    package var kind: Kind
    package var start: Timestamp
    package var end: Timestamp
    package var attributes: [TraceAttribute]
    package var links: [Link] = []
    package var status = Status.unset
}
