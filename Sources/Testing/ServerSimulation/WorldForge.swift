// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunSimulation

/// What people and forges ask for: it is asked again until it is taken.
final class WorldForge {
    var deliveries: [WorldDelivery] = []
    /// By id: whoever sent it was told that it is taken.
    var accepted: Set<String> = []
    var cancelled: Set<RunID> = []
}

extension World {
    func setUpForge() {
        for number in 0..<shape.deliveries {
            let project = random.pick(projects)
            let time = Int64(random.below(Int(shape.chaosMs)))
            let seed = random.next()
            // The same commit may be told of by two deliveries.
            let isSecond = number > 0 && random.chance(percent: 15)
            var delivery = WorldDelivery(
                id: "d\(number)", project: project, origin: "commit \(number)", planSeed: seed)
            if isSecond, let last = forge.deliveries.last {
                (delivery.project, delivery.origin, delivery.planSeed) = (last.project, last.origin, last.planSeed)
            }
            forge.deliveries.append(delivery)
            let sent = delivery
            after(time, nil) { [unowned self] in send(sent) }
            // A forge that got no answer, or somebody who lets it send again.
            if random.chance(percent: 25) {
                after(time + Int64(random.below(20_000)), nil) { [unowned self] in send(sent) }
            }
        }
        for _ in 0..<shape.cancellations {
            after(Int64(random.below(Int(shape.chaosMs))), nil) { [unowned self] in cancelSome() }
        }
    }

    private func send(_ delivery: WorldDelivery, pause: Int64 = 500) {
        call(Self.outside, door()) { (door: ServerProcess, reply: @escaping (Bool?) -> Void) in
            door.deliver(delivery, reply)
        } then: { [unowned self] isAccepted in
            if isAccepted == true {
                note("forge: \(delivery.id) is accepted")
                forge.accepted.insert(delivery.id)
            } else {
                after(pause, nil) { self.send(delivery, pause: min(pause * 2, 8_000)) }
            }
        }
    }

    private func cancelSome() {
        let going = records.keys.filter { !hasEnded($0) }.sorted()
        guard !going.isEmpty else { return }
        let run = random.pick(going)
        call(Self.outside, door()) { (door: ServerProcess, reply: @escaping (Bool?) -> Void) in
            door.passOn(of: run, { $0.cancel(run, $1) }, reply: reply)
        } then: { [unowned self] _ in
            note("somebody cancels run \(run)")
        }
    }

    /// Never stops and never stands still.
    static var outside: Party { Party("outside") }
}
