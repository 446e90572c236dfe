// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPMessages
import StructuredData

/// Runs that are asked for, and what they are.
actor ChaosLoad {
    private let ground: ServerVoice
    private let witness: Witness
    private var choice: SeededChoice
    /// Runs by the keys of the requests that began them.
    private(set) var runs: [String: Int] = [:]
    private var isClosed = false
    private(set) var failure: String?
    private(set) var repeated = 0

    /// Lines that each of the counting steps prints.
    static let lines = 12

    static let workflows = [
        "good.yml": text(
            broken: "", needs: "count, after, lenient", also: ""),
        "bad.yml": text(
            broken: """
                  broken:
                    runs-on: ubuntu-latest
                    steps:
                      - run: echo about to break; exit 3
                      - run: echo broken
                        if: always()

                """, needs: "count, after, broken, lenient", also: " ${{ needs.broken.result }}"),
    ]

    private static func text(broken: String, needs: String, also: String) -> String {
        """
        on: workflow_dispatch
        jobs:
          count:
            runs-on: ubuntu-latest
            strategy: {fail-fast: false, matrix: {n: [1, 2]}}
            outputs: {word: '${{ steps.first.outputs.word }}'}
            steps:
              - id: first
                run: |
                  setsid sh -c 'exec sleep 303' > /dev/null 2>&1 &
                  echo word=said >> "$GITHUB_OUTPUT"
                  for i in $(seq 1 \(lines)); do echo "one ${{ matrix.n }} line $i"; sleep 0.02; done
              - run: for i in $(seq 1 \(lines)); do echo "two ${{ matrix.n }} line $i"; sleep 0.02; done
              - run: echo closing ${{ matrix.n }}
                if: always()
        \(broken)  lenient:
            runs-on: ubuntu-latest
            continue-on-error: true
            steps: [{run: 'echo it may; exit 1'}]
          after:
            needs: count
            runs-on: ubuntu-latest
            steps: [{run: 'echo after ${{ needs.count.outputs.word }}'}]
          ship:
            needs: after
            runs-on: ubuntu-latest
            environment: prod
            concurrency: {group: ship, queue: max}
            steps: [{run: 'echo ship; sleep 0.05'}]
          last:
            needs: [\(needs)]
            if: always()
            runs-on: ubuntu-latest
            steps: [{run: 'echo last ${{ needs.count.result }}\(also)'}]

        """
    }

    init(_ voice: ServerVoice, _ witness: Witness, seed: UInt64) {
        ground = voice
        self.witness = witness
        choice = SeededChoice(seed: seed)
    }

    /// Has so many runs going until it is closed.
    nonisolated func keep(_ lanes: Int) async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<lanes { group.addTask { await self.lane() } }
        }
    }

    func close() { isClosed = true }

    private func lane() async {
        while !isClosed, failure == nil {
            do {
                let run = try await begin()
                // The end of the run is one of the events that are counted.
                while !(await witness.ended.contains(run)), failure == nil {
                    guard await witness.sees(1, withinSeconds: ChaosLimits.stallSeconds) else {
                        throw ChaosFault("nothing more was seen of run \(run)")
                    }
                }
            } catch {
                failure = "\(error)"
            }
        }
    }

    private func begin() async throws -> Int {
        let key = "key-\(choice.next())"
        let body: DataValue = ["workflow": .string(choice.next() % 2 == 0 ? "good.yml" : "bad.yml")]
        let times = choice.next() % 4 == 0 ? 2 : 1
        var run: Int?
        for _ in 0..<times {
            let answer = try await ground.send("POST", "/projects/app/runs", body, key: key)
            let found = (try? DataValue(json: answer.body))?["runs"]?.array?.first?["run"]?.int
            guard let found else { throw ChaosFault(String(decoding: answer.body, as: UTF8.self)) }
            guard run == nil || run == found else { throw ChaosFault("one key began runs \(run ?? 0) and \(found)") }
            run = found
        }
        repeated += times - 1
        guard let run else { throw ChaosFault("no run") }
        runs[key] = run
        await witness.watch(run)
        return run
    }
}

enum ChaosLimits {
    /// Nothing is seen for so long: something hangs.
    static let stallSeconds = 60
    /// An own runner that was just being started when its server ended hears no signal: it ends once it has been alone for a minute.
    static let leftSeconds = 100
    /// From the last kill to the end of all runs.
    static let drainSeconds = 120
    /// Runs that are under way at the same time.
    static let lanes = 3
    /// Events between one kill and the next.
    static let gap = 15...160
}
