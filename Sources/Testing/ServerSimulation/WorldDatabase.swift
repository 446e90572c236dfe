// SPDX-License-Identifier: Apache-2.0

internal import EventJournal
internal import JournalSimulation
internal import RunEngine
internal import RunSimulation

/// The database, and the way to it: calls that are refused, slow, lost on their way there or back, or carried out after their caller has
/// given them up.
final class WorldDatabase {
    var model = WorldModel()
    var awayUntil: Int64 = 0
    /// Grows with each fail-over: answers that were on their way are lost.
    var generation = 0
    static let unreachable = JournalError.unreachable(place: "model", detail: "it does not answer")
    /// After so long a caller gives up.
    static let timeoutMs = 5_000
}

extension World {
    /// A transaction of a server's. Where it fails, it may have been carried out or not, or may be later.
    func ask<Value>(
        _ process: ServerProcess, _ body: @escaping (inout WorldModel) throws(JournalError) -> Value,
        then: @escaping (Result<Value, JournalError>) -> Void
    ) {
        let database = database
        let fail: (Int) -> Void = { [unowned self] delay in
            self.ledger.count("database faults")
            self.after(Int64(delay), process) { then(.failure(WorldDatabase.unreachable)) }
        }
        if chance(permille: shape.faultPermille) {
            switch random.below(4) {
            case 0: return fail(random.within(1...50))
            case 1:
                // Its answer is lost.
                after(latency(), nil) { [unowned self] in
                    if clock >= database.awayUntil { _ = try? body(&database.model) }
                }
                return fail(random.within(10...200))
            case 2:
                // It is given up, and carried out all the same.
                after(Int64(random.within(10...9_000)), nil) { [unowned self] in
                    if clock >= database.awayUntil { _ = try? body(&database.model) }
                }
                return fail(random.within(10...WorldDatabase.timeoutMs))
            default: return fail(WorldDatabase.timeoutMs)
            }
        }
        let slowness = chance(permille: shape.slowPermille) ? random.within(100...4_500) : 0
        after(Int64(random.within(1...4) + slowness), nil) { [unowned self] in
            guard clock >= database.awayUntil else {
                return fail(random.chance(percent: 50) ? 2 : WorldDatabase.timeoutMs)
            }
            let result: Result<Value, JournalError>
            do throws(JournalError) { result = .success(try body(&database.model)) } catch { result = .failure(error) }
            let generation = database.generation
            after(Int64(random.within(1...3)), process) {
                then(generation == database.generation ? result : .failure(WorldDatabase.unreachable))
            }
        }
    }

    /// An append as a server makes it, looked at by who knows whose seat it is.
    func append(
        _ appends: [WorldAppend], _ process: ServerProcess, then: @escaping (Result<Int64, JournalError>) -> Void
    ) {
        let (now, seat) = (clock, process.seat)
        ask(
            process,
            { [unowned self] (model) throws(JournalError) in
                let stamp = try model.append(appends, now: now, seat)
                noteAppended(appends, process, seat, model)
                return stamp
            }, then: then)
    }
}
