// SPDX-License-Identifier: Apache-2.0

package import PostgresAccess
internal import StructuredData
internal import Synchronization

/// What servers on one database tell each other at once. Nothing depends on its being heard: each looks for itself, more slowly.
package struct ServerWord: Hashable, Sendable {
    /// The server that says it.
    package var server: String
    /// Runners that it has something for; empty: it is about the homes of projects.
    package var runners: [String]

    package init(server: String, runners: [String]) { (self.server, self.runners) = (server, runners) }
}

extension PostgresJournal {
    private static let channel = "martlet_servers"
    /// Runners that are named by one word; more of them are told in parts.
    private static let runnersPerWord = 200

    /// Tells every server that listens. It waits for no disk: PostgreSQL has one lock for all commits that tell something.
    ///
    /// - Parameter runners: each of at most ``EntryID``'s length; empty: homes of projects have changed.
    package func tell(_ server: String, _ runners: [String] = []) throws(JournalError) {
        var rest = runners[...]
        repeat {
            let object: DataObject = [
                "server": .string(server), "runners": .array(rest.prefix(Self.runnersPerWord).map(DataValue.string)),
            ]
            rest = rest.dropFirst(Self.runnersPerWord)
            try Self.journaled { () throws(PostgresFailure) in
                try asked { (connection, timeoutMs) throws(PostgresFailure) in
                    _ = try connection.run(
                        "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)",
                        [.text(Self.channel), .text(object.jsonText())], timeoutMs: timeoutMs)
                }
            }
        } while !rest.isEmpty
    }

    /// Hears what servers tell, those of this process included.
    ///
    /// - Parameter heard: `nil`: from now on everything is heard, and something may have been missed before.
    package func listen(
        lost: @escaping @Sendable () -> Void, heard: @escaping @Sendable (ServerWord?) -> Void
    ) -> PostgresListener {
        PostgresListener(pool.address, channel: Self.channel, limits: pool.limits) { event in
            switch event {
            case .connected: heard(nil)
            case .lost: lost()
            case .notification(let text):
                guard let data = try? DataValue(json: Array(text.utf8)), let server = data["server"]?.string else {
                    return
                }
                heard(ServerWord(server: server, runners: (data["runners"]?.array ?? []).compactMap(\.string)))
            }
        }
    }
}
