// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import StructuredData

/// Something long-lived that is decided, recorded and then done: a run, a job, later a rollout or an approval.
///
/// The state is the fold of the events. `decide` is a pure function: no clock, no chance, no input or output.
/// What it decided (a verdict, a retry, a deadline, a matrix, a reason) is in an event; `apply` only writes it down.
package protocol Machine: Sendable {
    associatedtype State: Hashable & Sendable
    associatedtype Input: Sendable
    associatedtype Event: MachineEvent
    /// Something to be done outside, named so that doing it twice is noticed.
    associatedtype Effect: Hashable & Sendable
    /// Immutable and content-addressed: the plan. Pinned by digest in the first event, never inside the state.
    associatedtype Definition: Sendable

    /// The state before the first event.
    static var initialState: State { get }

    /// Records what follows from `input`, and requests what is to be done about it. An input that answers to
    /// something no longer in flight leaves the transition empty.
    static func decide(_ input: Input, in transition: inout Transition<Self>)

    /// Holds no policy, limit or expression, and never fails: an event was decided when it was recorded.
    static func apply(_ event: Event, to state: inout State)

    /// Everything that was requested and is not known to be over: what a coordinator requests again after a crash.
    static func effects(of state: State) -> [Effect]

    /// When the machine wants a tick, in milliseconds since the epoch; `nil` where only inputs can move it.
    static func wakeUp(of state: State) -> Int64?
}

/// One input's decision while it is made. Recording an event applies it at once, so that later decisions on the same
/// input see it. The state was moved in: there is no second reference to copy on write.
package struct Transition<M: Machine>: ~Copyable {
    package private(set) var state: M.State
    /// Milliseconds since the epoch; never before the `now` of an earlier input.
    package let now: Int64
    package let definition: M.Definition
    package private(set) var events: [M.Event] = []
    package private(set) var effects: [M.Effect] = []
    private let tampering: Tampering<M>?
    /// Indexes of what this decision has still to look at; how a machine follows long chains without recursion.
    var agenda: [Int] = []

    fileprivate init(state: consuming M.State, now: Int64, definition: M.Definition, tampering: Tampering<M>?) {
        self.tampering = tampering
        self.state = state
        self.now = now
        self.definition = definition
    }

    /// Appends the event and applies it.
    package mutating func record(_ event: M.Event) {
        let event = tampering == nil ? event : tampering?.event(event) ?? event
        M.apply(event, to: &state)
        events.append(event)
    }

    /// Asks for something to be done once the events are durable.
    package mutating func request(_ effect: M.Effect) {
        effects.append(tampering == nil ? effect : tampering?.effect(effect) ?? effect)
    }

    fileprivate consuming func end() -> (M.State, Decision<M>) {
        (state, Decision(events: events, effects: effects))
    }
}

/// Makes a machine decide wrongly on purpose, to show that its simulator would notice. Never used outside tests.
package struct Tampering<M: Machine>: Sendable {
    /// What is recorded in place of an event.
    package var event: @Sendable (M.Event) -> M.Event
    /// What is requested in place of an effect.
    package var effect: @Sendable (M.Effect) -> M.Effect

    package init(event: @escaping @Sendable (M.Event) -> M.Event, effect: @escaping @Sendable (M.Effect) -> M.Effect) {
        self.event = event
        self.effect = effect
    }
}

/// What came of one input: first the events become durable, in one transaction; then the effects are done, in order.
package struct Decision<M: Machine>: Sendable {
    package var events: [M.Event]
    package var effects: [M.Effect]

    package var isEmpty: Bool { events.isEmpty && effects.isEmpty }

    package init(events: [M.Event], effects: [M.Effect]) {
        self.events = events
        self.effects = effects
    }
}

extension Machine {
    /// Decides one input against `state`, which already holds the events' doing when this returns.
    ///
    /// - Parameter now: milliseconds since the epoch; the caller keeps it from going back.
    package static func step(
        _ input: Input, now: Int64, definition: Definition, state: inout State, tampering: Tampering<Self>? = nil
    ) -> Decision<Self> {
        var moved = initialState
        swap(&moved, &state)
        var transition = Transition<Self>(state: moved, now: now, definition: definition, tampering: tampering)
        moved = initialState
        decide(input, in: &transition)
        let (after, decision) = transition.end()
        state = after
        return decision
    }

    /// The state after `events`.
    package static func replay(_ events: some Sequence<Event>) -> State {
        var state = initialState
        for event in events { apply(event, to: &state) }
        return state
    }
}

/// A fact of a machine's history, with a stated form that is read for ever.
///
/// A payload is at most ``EngineLimits/eventBytes`` long as JSON; what could be longer is split over several events.
package protocol MachineEvent: Hashable, Sendable {
    /// Past tense, never renamed: `stepStarted`.
    var typeName: String { get }
    /// Raised when a payload's meaning changes; readers take all versions that ever were.
    var version: Int { get }
    var payload: DataValue { get }

    /// Tolerant of unknown keys. A type or a version that this program does not know throws a coded error: the stream
    /// stops there rather than being folded wrongly.
    init(typeName: String, version: Int, payload: DataValue) throws(DiagnosticError)
}

/// The struct inside an event.
package protocol EventPayload: Hashable, Sendable, DataRepresentable {
    static var typeName: String { get }
    /// The newest version, which is what is written.
    static var version: Int { get }
}

extension EventPayload {
    package static var version: Int { 1 }
}
