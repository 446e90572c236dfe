// SPDX-License-Identifier: Apache-2.0

import EventJournal
import Foundation
import HTTPMessages
import StructuredData
import Testing

/// `kill -9` of the real server and its real runners while runs are going. `SEED` and `KILLS` choose the story; `make chaos` tells
/// a long one.
@Suite("A server and its runners that are killed at any moment", .serialized)
struct ChaosTests {
    private static func number(_ name: String, _ standard: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? standard
    }

    @Test("Every run ends once, as stated; every line that a client saw is still there; no process is left")
    func chaos() async throws { try await chaos(isShared: false) }

    @Test(
        "So it is with three servers behind a load balancer, and their database",
        .enabled(if: ChaosGround.canShare))
    func shared() async throws { try await chaos(isShared: true) }

    private func chaos(isShared: Bool) async throws {
        let seed = UInt64(Self.number("SEED", 1))
        let kills = Self.number("KILLS", 20)
        let ground = try await ChaosGround(workflows: ChaosLoad.workflows, isShared: isShared)
        let witness = Witness(ground.voice)
        let load = ChaosLoad(ground.voice, witness, seed: seed ^ 0x10AD)
        let working = Task { await load.keep(ChaosLimits.lanes) }
        var told: [String] = []
        do {
            try await kill(kills, seed, ground, witness, load, &told)
            await load.close()
            try await ground.voice.patiently(seconds: ChaosLimits.drainSeconds, "not all runs end") { _ in
                let runs = Set(await load.runs.values)
                if let failure = await load.failure { throw ChaosFault(failure) }
                return await runs.isSubset(of: witness.ended)
            }
            await working.value
            try await witness.close(withinSeconds: ChaosLimits.stallSeconds)
        } catch {
            Issue.record(
                "seed \(seed): \(error)\n\(told.joined(separator: "\n"))\n\(await standing(ground, witness))\n\(ground.words)"
            )
            working.cancel()
            return
        }
        var verdict = ChaosVerdict()
        try await judge(&verdict, ground, witness, load)
        let seen = await witness.lines.values.reduce(0) { $0 + $1.count }
        Self.say(
            """
            chaos: seed \(seed), \(kills) kills, \(await load.runs.count) runs (\(await load.repeated) asked twice), \
            \(verdict.legs) jobs, \(verdict.interrupted) interrupted (\(verdict.lost) with their runner), \(seen) lines seen
            """)
        let faults = verdict.faults + (await witness.faults)
        #expect(
            faults.isEmpty,
            "seed \(seed):\n\(faults.prefix(30).joined(separator: "\n"))\n\(told.joined(separator: "\n"))\n\(ground.words)"
        )
    }

    // MARK: killing

    private func kill(
        _ kills: Int, _ seed: UInt64, _ ground: ChaosGround, _ witness: Witness, _ load: ChaosLoad,
        _ told: inout [String]
    ) async throws {
        var choice = SeededChoice(seed: seed)
        for number in 1...kills {
            let gap = Int.random(in: ChaosLimits.gap, using: &choice)
            let isLong = UInt.random(in: 0..<4, using: &choice) == 0
            let victim = ground.database == nil ? Self.victim(&choice) : Self.sharedVictim(&choice)
            guard await witness.sees(gap, withinSeconds: ChaosLimits.stallSeconds) else {
                throw ChaosFault("nothing was seen for \(ChaosLimits.stallSeconds) s before kill \(number)")
            }
            if let failure = await load.failure { throw ChaosFault(failure) }
            told.append("\(number): after \(gap) events the \(victim.rawValue)\(isLong ? ", for long" : "")")
            Self.say("chaos: " + (told.last ?? ""))
            ground.kill9(victim)
            // A runner may stay away until the server has given it up, and its jobs to others.
            if isLong, let name = victim.name {
                try await ground.voice.patiently(
                    seconds: ChaosLimits.stallSeconds, "the \(victim.rawValue) is not missed"
                ) {
                    let runners = try await $0.json("/runners")["items"]?.array ?? []
                    return runners.contains { $0["name"]?.string == name && $0["connected"]?.bool == false }
                }
            }
            try ground.start(victim)
            try ground.revive()
        }
        try ground.revive()
    }

    private static func victim(_ choice: inout SeededChoice) -> ChaosGround.Victim {
        switch UInt.random(in: 0..<10, using: &choice) {
        case 0..<4: .server
        case 4: .ownRunner
        case 5..<8: .runnerA
        default: .runnerB
        }
    }

    private static func sharedVictim(_ choice: inout SeededChoice) -> ChaosGround.Victim {
        switch UInt.random(in: 0..<10, using: &choice) {
        case 0..<5: ChaosGround.members[Int(UInt.random(in: 0..<3, using: &choice))]
        case 5: .database
        case 6..<9: .runnerA
        default: .runnerB
        }
    }

    // MARK: judging

    private func judge(
        _ verdict: inout ChaosVerdict, _ ground: ChaosGround, _ witness: Witness, _ load: ChaosLoad
    ) async throws {
        let runs = Set(await load.runs.values)
        #expect(runs.count == (await load.runs.count), "two requests began one run")
        var isWhole: [String: Bool] = [:]
        for run in runs.sorted() {
            let report = try await ground.voice.json("/runs/\(run)")
            let why = try await ground.voice.json("/runs/\(run)/attempts/1/why?limit=100")
            verdict.judge(run: run, report: report, why: why["items"]?.array ?? [])
            for job in report["jobs"]?.array ?? [] where job["conclusion"]?.string == "success" {
                isWhole["\(run) \(job["id"]?.string ?? "")"] = true
                guard job["id"]?.string == "after" else { continue }
                let log = try await ground.voice.send(
                    "GET", "/runs/\(run)/attempts/1/logs/after/1/1", accept: "text/plain")
                verdict.judge(run: run, handedOn: String(decoding: log.body, as: UTF8.self))
            }
        }
        for (place, seen) in await witness.lines {
            let answer = try await ground.voice.send("GET", place.path, accept: "text/plain")
            var stored = String(decoding: answer.body, as: UTF8.self).components(separatedBy: "\n")
            if stored.last == "" { stored.removeLast() }
            verdict.judge(place, seen: seen, stored: stored, isWhole: isWhole["\(place.run) \(place.job)"] ?? false)
        }
        try ground.stop()
        if let database = ground.database {
            try verdict.judge(try PostgresJournal(url: database, observer: nil), runs: runs)
        } else {
            try verdict.judge(journal: ground.data + "/journal.sqlite", runs: runs)
        }
        let root = ground.root
        do {
            try await ground.voice.patiently(seconds: ChaosLimits.leftSeconds, "processes are left") { _ in
                LivingProcesses.with(root).isEmpty
            }
        } catch {
            let left = LivingProcesses.with(root).map { "\($0) \(LivingProcesses.command($0))" }
            throw ChaosFault("\(error):\n\(left.joined(separator: "\n"))\n\(ground.words)")
        }
    }

    private func standing(_ ground: ChaosGround, _ witness: Witness) async -> String {
        var text = "open: \(await witness.open.sorted().prefix(20))\n"
        for name in await witness.open where name.hasPrefix("run ") {
            let report = try? await ground.voice.json("/runs/\(name.dropFirst(4))")
            let why = try? await ground.voice.json("/runs/\(name.dropFirst(4))/attempts/1/why?limit=100")
            text += "\(name): \(report?["state"]?.string ?? "?") \(why?.jsonText() ?? "")\n"
        }
        return text
    }

    private static func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
