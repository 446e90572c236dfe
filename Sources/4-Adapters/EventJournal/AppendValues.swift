// SPDX-License-Identifier: Apache-2.0

internal import PostgresAccess
internal import Timekeeping

/// Appends as the database's function takes them: each column an array.
struct AppendValues {
    private static let unchanged: Int64 = -2
    private static let none: Int64 = -1

    let all: [PostgresValue]

    init(_ appends: [StreamAppend], now: Timestamp, _ seat: Seat?) {
        var (sequences, versions, eventPlaces): ([Int64?], [Int64?], [Int64?]) = ([], [], [])
        var (types, payloads): ([String], [[UInt8]]) = ([], [])
        var (messagePlaces, keys, destinations, bodies): ([Int64?], [String], [String], [[UInt8]]) = ([], [], [], [])
        for (index, append) in appends.enumerated() {
            for (offset, event) in append.events.enumerated() {
                eventPlaces.append(Int64(index + 1))
                sequences.append(Int64(append.expectedVersion + offset + 1))
                types.append(event.type)
                versions.append(Int64(event.version))
                payloads.append(event.payload)
            }
            for message in append.outbox {
                messagePlaces.append(Int64(index + 1))
                keys.append(message.key)
                destinations.append(message.destination)
                bodies.append(message.payload)
            }
        }
        all = [
            .texts(appends.map(\.stream.text)), .numbers(appends.map { Int64($0.expectedVersion) }),
            .numbers(appends.map { $0.epoch.map(Int64.init) }), .numbers(appends.map { Self.number($0.wakeUp) }),
            .numbers(appends.map { Int64($0.events.count) }), .texts(appends.map { $0.events.last?.type ?? "" }),
            .numbers(sequences), .texts(types), .numbers(versions), .blocks(payloads), .numbers(eventPlaces),
            .numbers(messagePlaces), .texts(keys), .texts(destinations), .blocks(bodies), .number(now.milliseconds),
            .text(seat?.server), .number(seat?.epoch),
        ]
    }

    private static func number(_ wakeUp: WakeUp) -> Int64 {
        switch wakeUp {
        case .unchanged: unchanged
        case .none: none
        case .at(let time): max(0, time.milliseconds)
        }
    }
}
