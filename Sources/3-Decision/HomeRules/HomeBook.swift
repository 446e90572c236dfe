// SPDX-License-Identifier: Apache-2.0

/// What one server knows of homes: which server decides what is of which project, and what of it is this one's. A value: what it is
/// told decides, nothing else.
///
/// | of      | from    | by                  | to      | when                                                         |
/// |---------|---------|---------------------|---------|--------------------------------------------------------------|
/// | project | away    | `heard`             | offered | the database says that its home is here                      |
/// | project | offered | `takeUp`            | here    | all that is of it goes on here                               |
/// | project | here    | `drop`              | offered | not all that is of it could be read                          |
/// | project | here    | `beginLeaving`      | leaving | it has an heir: nothing new of it begins                     |
/// | project | leaving | `stay`              | here    | something of it is under way                                 |
/// | project | leaving | `heard`             | here    | its heir is gone                                             |
/// | project | leaving | `gave`              | away    | the database gave it to its heir                             |
/// | project | here    | `heard`             | away    | the database says that its home is elsewhere, or it is no more |
package struct HomeBook: Hashable, Sendable {
    /// Where a project is, and where it is to go once nothing of it is under way.
    package struct Home: Hashable, Sendable {
        package var server: String
        package var heir: String?

        package init(server: String, heir: String? = nil) { (self.server, self.heir) = (server, heir) }
    }

    /// A server that writes to the database.
    package struct Peer: Hashable, Sendable {
        package var id: String
        /// Where other servers reach it.
        package var address: String
        /// How long nothing was heard of it, in milliseconds, by the database's clock.
        package var silentMs: Int64

        package init(id: String, address: String, silentMs: Int64) {
            (self.id, self.address, self.silentMs) = (id, address, silentMs)
        }
    }

    /// Several times within the silence after which others would take over.
    package static let beatsPerSilence: Int64 = 5

    /// This server's name.
    package let name: String
    /// One that was not heard of for so long is gone, in milliseconds.
    package let silenceMs: Int64
    /// Addresses of those that live.
    private var servers: [String: String] = [:]
    private var homes: [String: Home] = [:]
    /// What this server has taken up.
    package private(set) var own: Set<String> = []
    /// What it is about to give away: nothing new of it begins here.
    private var leaving: Set<String> = []
    private var beats: Int64 = 0
    /// When this beat began, and when the last one did that the database answered; milliseconds of a clock that is never set.
    private var beganAt: Int64 = 0
    private var heardAt: Int64?
    /// Until then nobody is gone for this server.
    private var lenientUntil: Int64?

    package init(name: String, silenceMs: Int64) { (self.name, self.silenceMs) = (name, silenceMs) }

    // MARK: what follows

    /// Whether this server decides what is of a project.
    package func isHere(_ project: String) -> Bool { own.contains(project) && !leaving.contains(project) }

    /// Where the server is reached that decides what is of a project; `nil`: it is this one, or nobody yet.
    package func address(of project: String) -> String? {
        guard let home = homes[project]?.server, home != name else { return nil }
        return servers[home]
    }

    package func place(of project: String) -> HomePlace {
        isHere(project) ? .here : address(of: project).map { .at($0) } ?? .nowhere
    }

    /// Where another server is reached; `nil`: it is not there.
    package func address(ofServer id: String) -> String? { id == name ? nil : servers[id] }

    /// Other servers that are there, by their addresses.
    package var others: [String] { members.values.sorted() }

    /// Other servers that are there: their addresses by their names.
    package var members: [String: String] { servers.filter { $0.key != name } }

    /// Whether this server does what one server does for all.
    package var isSteward: Bool { servers.keys.min() == name }

    /// Projects that have a home.
    package var projects: [String] { homes.keys.sorted() }

    /// Projects of this server that are to go to another one.
    package var departing: [String] { own.filter { homes[$0]?.heir != nil }.sorted() }

    // MARK: what happens

    /// What is asked of the database with one beat.
    package struct Beat: Hashable, Sendable {
        /// Another number each time: which project is to move goes by it.
        package var turn: Int64
        /// Whoever was not heard of for so long is gone, in milliseconds.
        package var goneMs: Int64
    }

    /// A server that could not be heard itself for as long as a silence may last holds nobody for gone until as much time has passed
    /// again: the database was away, and nobody could say that it lives.
    ///
    /// - Parameter now: milliseconds of a clock that is never set.
    package mutating func beginBeat(at now: Int64) -> Beat {
        beats += 1
        beganAt = now
        // Of the others it has seen nothing yet: the database may have been away.
        if beats == 1 { lenientUntil = now + silenceMs }
        if let heardAt, now - heardAt >= silenceMs { lenientUntil = now + silenceMs }
        return Beat(turn: beats, goneMs: goneMs)
    }

    private var goneMs: Int64 { lenientUntil.map { beganAt < $0 } == true ? Self.neverMs : silenceMs }

    /// Longer than any server is silent.
    private static let neverMs: Int64 = 100 * 365 * 24 * 3_600_000

    /// Whether the database has heard of this server in time; where it has not, others may have what is this server's.
    package func isHeard(at now: Int64) -> Bool { heardAt.map { now - $0 < silenceMs } ?? false }

    /// What the database said.
    ///
    /// - Returns: projects whose home this server has become, and has not taken up.
    package mutating func heard(_ peers: [Peer], homes said: [String: Home]) -> Set<String> {
        heardAt = beganAt
        servers = [:]
        for peer in peers where peer.id == name || peer.silentMs < goneMs { servers[peer.id] = peer.address }
        homes = said
        let here = Set(said.filter { $0.value.server == name }.keys)
        // Those of projects that are no more, or were given away.
        own.formIntersection(here)
        // One whose heir is gone stays.
        leaving.formIntersection(here.filter { said[$0]?.heir != nil })
        return here.subtracting(own)
    }

    package mutating func takeUp(_ projects: Set<String>) { own.formUnion(projects) }

    /// Not all that is of them could be taken up: they are offered again.
    package mutating func drop(_ projects: Set<String>) { own.subtract(projects) }

    package mutating func beginLeaving(_ project: String) { leaving.insert(project) }

    package mutating func stay(_ project: String) { leaving.remove(project) }

    package mutating func gave(_ project: String) {
        own.remove(project)
        homes[project] = nil
    }
}
