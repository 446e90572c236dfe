// SPDX-License-Identifier: Apache-2.0

import EventJournal
import Glibc
import Timekeeping

// Appends until it is killed, and tells each append that was acknowledged: the kill test of the journal runs it.
let arguments = CommandLine.arguments
guard arguments.count == 3 else { exit(2) }
let stream = StreamID(arguments[2])
do {
    let journal = try SQLiteJournal(path: arguments[1])
    var version = try journal.summary(of: stream)?.version ?? 0
    while true {
        let events = (1...3).map { NewEvent(type: "counted", payload: Array("{\"n\":\(version + $0)}".utf8)) }
        _ = try journal.append(StreamAppend(stream, expectedVersion: version, events: events), now: .now())
        version += events.count
        var line = "\(version)\n"
        _ = line.withUTF8 { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }
} catch {
    exit(1)
}
