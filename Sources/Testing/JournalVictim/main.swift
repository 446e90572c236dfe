// SPDX-License-Identifier: Apache-2.0

import EventJournal
import Glibc
import Timekeeping

// Works on a journal until it is killed: the kill tests run it. With a file and a stream it appends, and tells each append that
// was acknowledged. With `move`, a file, a database, a move's name and a number it moves the file's journal to the database, and
// kills itself at the so manyth report; 0: never, then it tells the digest.
func append(to path: String, _ stream: StreamID) throws(JournalError) -> Never {
    let journal = try SQLiteJournal(path: path)
    var version = try journal.summary(of: stream)?.version ?? 0
    while true {
        let events = (1...3).map { NewEvent(type: "counted", payload: Array("{\"n\":\(version + $0)}".utf8)) }
        _ = try journal.append(StreamAppend(stream, expectedVersion: version, events: events), now: .now())
        version += events.count
        tell("\(version)\n")
    }
}

func move(_ path: String, to url: String, _ name: String, killedAt last: Int) throws(JournalError) {
    var reports = 0
    let move = try JournalMove(path: path, to: url, move: name, limits: JournalMove.Limits(rows: 3, bytes: 1 << 20)) {
        _ in
        reports += 1
        if reports == last { kill(getpid(), SIGKILL) }
    }
    tell(try move.run(lastRun: 0).digest)
}

func tell(_ text: String) {
    var text = text
    _ = text.withUTF8 { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
}

let arguments = CommandLine.arguments
do {
    if arguments.count == 3 { try append(to: arguments[1], StreamID(arguments[2])) }
    guard arguments.count == 6, arguments[1] == "move", let last = Int(arguments[5]) else { exit(2) }
    try move(arguments[2], to: arguments[3], arguments[4], killedAt: last)
} catch {
    exit(1)
}
