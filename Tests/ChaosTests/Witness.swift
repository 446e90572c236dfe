// SPDX-License-Identifier: Apache-2.0

import Foundation
import ServerClient
import StructuredData

/// All the clients that watch: follows each run and each log from its beginning, and remembers every line that any of them saw.
actor Witness {
    struct Place: Hashable {
        var run: Int
        var job: String
        var step: String
        /// Of the step.
        var attempt: Int

        var path: String {
            let job = job.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? job
            return "/runs/\(run)/attempts/1/logs/\(job)/\(step)/\(attempt)"
        }
    }

    private let voice: ServerVoice
    private var followers: [Task<Void, Never>] = []
    private var watched: Set<Place> = []
    private(set) var open: Set<String> = []
    /// Lines by their numbers.
    private(set) var lines: [Place: [Int: String]] = [:]
    private(set) var faults: [String] = []
    /// Runs whose end was seen.
    private(set) var ended: Set<Int> = []
    private var count = 0
    private var nextWaiter = 0
    private var waiters: [(id: Int, count: Int, continuation: CheckedContinuation<Bool, Never>)] = []

    init(_ voice: ServerVoice) { self.voice = voice }

    // MARK: moments

    /// Waits until so many more events were seen.
    ///
    /// - Returns: `false` where they did not come in time.
    func sees(_ more: Int, withinSeconds seconds: Int) async -> Bool {
        nextWaiter += 1
        let (id, target) = (nextWaiter, count + more)
        let timer = Task {
            try await Task.sleep(for: .seconds(seconds))
            self.giveUp(id)
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { waiters.append((id, target, $0)) }
    }

    private func giveUp(_ id: Int) {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return }
        waiters.remove(at: index).continuation.resume(returning: false)
    }

    private func note() {
        count += 1
        while let index = waiters.firstIndex(where: { $0.count <= count }) {
            waiters.remove(at: index).continuation.resume(returning: true)
        }
    }

    // MARK: watching

    func watch(_ run: Int) {
        let name = "run \(run)"
        open.insert(name)
        followers.append(
            Task {
                await voice.follow("/runs/\(run)/attempts/1/events") {
                    await self.look(at: run)
                } _: { event in
                    await self.take(event, of: run)
                }
                open.remove(name)
            })
    }

    /// What a client does that comes, or comes back: it asks how things stand.
    ///
    /// - Returns: whether the run is over.
    private func look(at run: Int) async -> Bool {
        guard let report = try? await voice.json("/runs/\(run)") else { return Task.isCancelled }
        for job in report["jobs"]?.array ?? [] {
            for step in job["steps"]?.array ?? [] where step["startedAt"] != nil {
                watch(
                    Place(
                        run: run, job: job["id"]?.string ?? "", step: step["step"]?.string ?? "",
                        attempt: step["attempt"]?.int ?? 1))
            }
        }
        guard report["state"]?.string == "finished" else { return false }
        ended.insert(run)
        note()
        return true
    }

    private func take(_ event: ServerSentEvent, of run: Int) async -> Bool {
        note()
        switch event.type {
        case "end": return await look(at: run)
        case "reset": _ = await look(at: run)
        default:
            let data = event.object
            guard data["type"]?.string == "stepStarted" else { return false }
            watch(
                Place(
                    run: run, job: data["job"]?.string ?? "", step: data["step"]?.string ?? "",
                    attempt: data["attempt"]?.int ?? 1))
        }
        return false
    }

    private func watch(_ place: Place) {
        guard watched.insert(place).inserted else { return }
        open.insert(place.path)
        followers.append(
            Task {
                await voice.follow(place.path) {
                    false
                } _: { event in
                    await self.take(event, of: place)
                }
                open.remove(place.path)
            })
    }

    private func take(_ event: ServerSentEvent, of place: Place) -> Bool {
        if event.type == "end" { return true }
        let data = event.object
        guard let number = data["n"]?.int, let text = data["text"]?.string else {
            faults.append("\(place.path): an event without a line: \(event)")
            return false
        }
        let known = lines[place]?.count ?? 0
        if number != known + 1 { faults.append("\(place.path): line \(number) came after line \(known)") }
        lines[place, default: [:]][number] = text
        note()
        return false
    }

    /// Waits until everything that is followed has its end.
    func close(withinSeconds seconds: Int) async throws {
        do {
            try await voice.patiently(seconds: seconds, "not all that is followed ends") { _ in
                await self.open.isEmpty
            }
        } catch {
            for follower in followers { follower.cancel() }
            throw ChaosFault("\(error): \(open.sorted().prefix(20))")
        }
        for follower in followers { await follower.value }
    }
}
