// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import FileAccess
internal import HTTPMessages
internal import ProcessControl
internal import RunCoordination
internal import RunIndex

/// What a server stands on: its folders, its journal, its lists, and the servers beside it.
struct ServerGround {
    /// Where the server keeps what no other server has: its lists, its own runner. Its files of runs are for all.
    let ownFolder: String
    let lock: FileLock
    let store: RunStore
    let peers: PeerCalls
    let homes: Homes
    let index: RunLists
    let lists: SharedLists
    /// Servers that share the folder and begin together make its keys one after another: whoever has this keeps it until they are
    /// there.
    private let beginning: FileLock

    private static let beginningSeconds: Int64 = 30

    init(
        _ settings: ServerSettings, _ counts: ServerCounts, transport: @escaping HTTPTransport,
        streaming: @escaping HTTPStreaming
    ) throws(DiagnosticError) {
        try Trees.make(settings.folder, mode: 0o700)
        let own = Self.ownFolder(settings)
        try Trees.make(own, mode: 0o700)
        lock = try Server.lock(own)
        beginning = try FileLock.waiting(
            path: settings.folder + "/beginning.lock", until: .now() + .seconds(Self.beginningSeconds))
        let store = try RunStore(
            root: settings.folder, database: settings.database, durability: .powerCut, objects: settings.blobs,
            observer: { counts.note($0) })
        let key = try store.database.map { (database) throws(DiagnosticError) in
            try store.recorded { (_) throws(JournalError) in try database.peerKey() }
        }
        peers = PeerCalls(key: key ?? "", transport: transport, streaming: streaming)
        homes = Homes(database: store.database, name: settings.name, silenceMs: settings.silenceMs)
        index = try RunLists(path: own + "/index.sqlite")
        lists = try SharedLists(store: store, index: index, folder: own)
        (self.store, ownFolder) = (store, own)
    }

    private static func ownFolder(_ settings: ServerSettings) -> String {
        settings.database == nil ? settings.folder : "\(settings.folder)/servers/\(settings.name)"
    }
}
