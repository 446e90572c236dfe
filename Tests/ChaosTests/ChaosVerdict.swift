// SPDX-License-Identifier: Apache-2.0

import EventJournal
import Foundation
import SQLiteAccess
import StructuredData

/// Whether everything is as it was promised.
struct ChaosVerdict {
    private(set) var faults: [String] = []
    private(set) var legs = 0
    private(set) var interrupted = 0
    private(set) var lost = 0
    private var shipped: [(run: Int, start: Int, end: Int)] = []

    // MARK: by the API

    /// - Parameter report: of one run. - Parameter why: the reasons that are told of it.
    mutating func judge(run: Int, report: DataValue, why: [DataValue]) {
        let jobs = report["jobs"]?.array ?? []
        var states: [String: (conclusion: String, isCut: Bool)] = [:]
        for job in jobs {
            let id = job["id"]?.string ?? ""
            let conclusion = job["conclusion"]?.string ?? "none"
            let steps = job["steps"]?.array ?? []
            let isCut = ([job] + steps).contains { $0["reason"]?["kind"]?.string == "interrupted" }
            states[id] = (conclusion, isCut)
            legs += 1
            if isCut { interrupted += 1 }
            if job["reason"]?["text"]?.string?.contains("was not heard of") == true { lost += 1 }
            let isTold = why.contains { $0["job"]?.string == id && $0["reason"]?["kind"]?.string == "interrupted" }
            if isCut != isTold { add(run, "\(id): interrupted is \(isCut), and 'why' tells \(isTold)") }
            // One that may fail is a success for the run, however it ended.
            if isCut, conclusion != "failure", id != "lenient" {
                add(run, "\(id) was interrupted, and is a \(conclusion)")
            }
            if job["state"]?.string != "finished" { add(run, "\(id) is \(job["state"]?.string ?? "")") }
        }
        func expect(_ id: String, _ expected: String) {
            guard let state = states[id] else { return add(run, "\(id) is missing") }
            if state.conclusion != expected, !state.isCut {
                add(run, "\(id) is a \(state.conclusion), not a \(expected): \(jobs.filter { $0["id"]?.string == id })")
            }
        }
        let counts = states.filter { $0.key.hasPrefix("count") }
        if counts.count != 2 { add(run, "it has \(counts.count) counting jobs") }
        for id in counts.keys { expect(id, "success") }
        if states["broken"] != nil { expect("broken", "failure") }
        expect("after", counts.values.allSatisfy { $0.conclusion == "success" } ? "success" : "skipped")
        expect("ship", states["after"]?.conclusion == "success" ? "success" : "skipped")
        expect("last", "success")
        if let ship = jobs.first(where: { $0["id"]?.string == "ship" }) { note(ship, of: run) }
        let failed = states.filter { $0.key != "lenient" && $0.value.conclusion == "failure" }
        let expected = failed.isEmpty ? "success" : "failure"
        if report["conclusion"]?.string != expected {
            add(run, "it is a \(report["conclusion"]?.string ?? "none"), not a \(expected): \(states)")
        }
    }

    /// One holds the group at a time.
    private mutating func note(_ ship: DataValue, of run: Int) {
        guard let start = ship["startedAt"]?.int, let end = ship["finishedAt"]?.int else { return }
        for other in shipped where start < other.end && other.start < end {
            add(run, "it shipped from \(start) to \(end), and run \(other.run) from \(other.start) to \(other.end)")
        }
        shipped.append((run, start, end))
    }

    /// - Parameter log: of the step that says what was handed on to it.
    mutating func judge(run: Int, handedOn log: String) {
        if !log.split(separator: "\n").contains("after said") { add(run, "what 'count' handed on was lost: \(log)") }
    }

    /// - Parameter seen: what clients saw of a log. - Parameter stored: the log as it is kept.
    mutating func judge(_ place: Witness.Place, seen: [Int: String], stored: [String], isWhole: Bool) {
        for (number, text) in seen where number > stored.count || stored[number - 1] != text {
            let now = number > stored.count ? "gone" : "'\(stored[number - 1])'"
            add(place.run, "\(place.path): line \(number) was seen as '\(text)', and is \(now)")
        }
        guard isWhole, place.job.hasPrefix("count"), let word = ["1": "one", "2": "two"][place.step] else { return }
        let printed = stored.filter { $0.hasPrefix(word + " ") && !$0.contains("$") }.compactMap {
            $0.split(separator: " ").last.flatMap { Int($0) }
        }
        if printed != Array(1...ChaosLoad.lines) { add(place.run, "\(place.path): its lines are \(printed)") }
        if seen.count != stored.count {
            add(place.run, "\(place.path): \(seen.count) of \(stored.count) lines were seen to its end")
        }
    }

    // MARK: by the journal

    /// What the journal itself has of the runs, once nobody writes it.
    mutating func judge(journal path: String, runs: Set<Int>) throws {
        try judge(try SQLiteJournal(path: path), runs: runs)
        let connection = try SQLiteConnection<SQLiteFailure>(path: path)
        try connection.queryOnce("PRAGMA integrity_check") { _ in
        } row: {
            if $0.text(0) != "ok" { faults.append("the journal's file: \($0.text(0))") }
        }
    }

    mutating func judge(_ journal: any Journal, runs: Set<Int>) throws {
        let streams = try journal.streams(prefix: "run/", after: nil, limit: .max).map(\.stream)
        let found = Set(streams.compactMap { Int($0.text.split(separator: "/")[1]) })
        if found != runs {
            faults.append("runs without a request, or requests without a run: \(found.symmetricDifference(runs))")
        }
        for stream in streams {
            let events = try journal.events(of: stream).map(\.event)
            once(events, "runFinished", stream, times: 1...1) { _ in "" }
            once(events, "legFinished", stream, times: 1...1) { $0["leg"]?.string ?? "" }
        }
        for stream in try journal.streams(prefix: "job/", after: nil, limit: .max).map(\.stream) {
            let events = try journal.events(of: stream).map(\.event)
            let step = { (data: DataValue) in "\(data["step"] ?? .null) \(data["attempt"] ?? .null)" }
            once(events, "jobEnded", stream, times: 0...1) { _ in "" }
            once(events, "stepStarted", stream, times: 0...1, step)
            once(events, "stepFinished", stream, times: 0...1, step)
        }
    }

    private mutating func once(
        _ events: [NewEvent], _ type: String, _ stream: StreamID, times: ClosedRange<Int>, _ name: (DataValue) -> String
    ) {
        var counts: [String: Int] = [:]
        for event in events where event.type == type {
            counts[name((try? DataValue(json: event.payload)) ?? .null), default: 0] += 1
        }
        if counts.isEmpty, times.lowerBound > 0 { faults.append("\(stream): no \(type)") }
        for (name, count) in counts where !times.contains(count) {
            faults.append("\(stream): \(type) \(name) \(count) times")
        }
    }

    private mutating func add(_ run: Int, _ text: String) { faults.append("run \(run): \(text)") }
}
