// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// The name of a stream: the kind of machine, a slash, and what tells it from others (`run/01J…`,
/// `job/01J…/build/1`).
package struct StreamID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package static let maximumBytes = 512

    package let text: String

    package init(_ text: String) { self.text = text }

    /// What stands before the first slash.
    package var kind: Substring { text.prefix { $0 != "/" } }
    package var description: String { text }

    /// By bytes, as the journal lists them.
    package static func < (left: StreamID, right: StreamID) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

/// Something that happened, to be recorded.
package struct NewEvent: Hashable, Sendable {
    /// Largest payload in bytes; what is larger goes into a blob, and its digest into the event.
    package static let maximumPayloadBytes = 64 << 10
    package static let maximumTypeBytes = 128

    /// A past-tense name that never changes its meaning: `stepFinished`.
    package var type: String
    /// Of the payload's shape, from 1.
    package var version: Int
    /// JSON text.
    package var payload: [UInt8]

    package init(type: String, version: Int = 1, payload: [UInt8]) {
        self.type = type
        self.version = version
        self.payload = payload
    }
}

/// An event as it stands in the journal.
package struct RecordedEvent: Hashable, Sendable {
    /// 1 for the stream's first event.
    package var sequence: Int
    /// When it was recorded; within a journal this never goes back.
    package var recordedAt: Timestamp
    package var event: NewEvent

    package init(sequence: Int, recordedAt: Timestamp, event: NewEvent) {
        self.sequence = sequence
        self.recordedAt = recordedAt
        self.event = event
    }
}

/// A message to the world or to another machine, sent at least once after its append is durable.
package struct OutboxMessage: Hashable, Sendable {
    /// The same key is recorded once, whatever happens.
    package var key: String
    /// Who delivers it: `webhook`, `status`, `machine`.
    package var destination: String
    package var payload: [UInt8]

    package init(key: String, destination: String, payload: [UInt8]) {
        self.key = key
        self.destination = destination
        self.payload = payload
    }
}

/// When a stream wants to be looked at again.
package enum WakeUp: Hashable, Sendable {
    case unchanged
    case none
    case at(Timestamp)
}

/// One stream's part of a transaction.
package struct StreamAppend: Hashable, Sendable {
    package var stream: StreamID
    /// How many events the stream had when this was decided.
    package var expectedVersion: Int
    package var events: [NewEvent]
    package var outbox: [OutboxMessage] = []
    package var wakeUp = WakeUp.unchanged
    /// The epoch that ``Journal/claim(_:owner:)`` gave; `nil` where the stream has one writer anyway.
    package var epoch: Int?

    package init(_ stream: StreamID, expectedVersion: Int, events: [NewEvent]) {
        self.stream = stream
        self.expectedVersion = expectedVersion
        self.events = events
    }
}

/// A stream in a list.
package struct StreamSummary: Hashable, Sendable {
    package var stream: StreamID
    /// How many events it has.
    package var version: Int
    /// Of the last event; empty where there is none yet.
    package var lastType: String
    package var lastRecordedAt: Timestamp
    package var wakeUp: Timestamp?
    package var epoch: Int
    /// Who claimed it last.
    package var owner: String?

    package init(
        stream: StreamID, version: Int, lastType: String, lastRecordedAt: Timestamp
    ) {
        self.stream = stream
        self.version = version
        self.lastType = lastType
        self.lastRecordedAt = lastRecordedAt
        epoch = 0
    }
}

/// A message that waits to be delivered.
package struct PendingMessage: Hashable, Sendable {
    /// Of the journal's own; messages are delivered in this order.
    package var number: Int64
    package var stream: StreamID
    package var message: OutboxMessage

    package init(number: Int64, stream: StreamID, message: OutboxMessage) {
        self.number = number
        self.stream = stream
        self.message = message
    }
}
