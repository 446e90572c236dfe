// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A tree that was saved.
package struct SavedTree: Hashable, Sendable {
    /// Of the tree's manifest: the same for the same names, contents, modes and times.
    package var id: ContentID
    package var fileCount = 0
    package var linkCount = 0
    package var folderCount = 0
    /// All files together.
    package var sizeBytes: UInt64 = 0
    /// Files that were read, as they did not look as they did when they were last saved.
    package var readCount = 0
    package var readBytes: UInt64 = 0
    package var written = WrittenTotals()
    package var notes: [TreeNote] = []
}

extension ContentFolder {
    /// Saves a selection of files, links and folders. The lease holds it.
    ///
    /// Files that look as they did when the same selection was last saved or restored are not read. Links are stored as
    /// links; sockets, devices and pipes are left out with a note.
    ///
    /// - Parameter vigil: from now on watches the tree.
    /// - Throws: ``ContentError/treeUnreadable(path:detail:)`` where a file cannot be read.
    package func save(
        _ selection: TreeSelection, under lease: ContentLease, watchedBy vigil: TreeVigil? = nil
    ) throws(ContentError) -> SavedTree {
        do throws(ContentError) {
            vigil?.begin()
            return try save(selection, lease, vigil)
        } catch {
            vigil?.fail()
            throw error
        }
    }

    private func save(
        _ selection: TreeSelection, _ lease: ContentLease, _ vigil: TreeVigil?
    ) throws(ContentError) -> SavedTree {
        guard let root = TreeHandle.root(selection.root) else {
            throw .treeUnreadable(path: selection.root, detail: String(cString: strerror(errno)))
        }
        let place = try Sightings.path(of: selection, in: paths)
        let moment = FileClock.now()
        let before = try Sightings.read(place)
        // Held before it is relied upon, and in the gate: until the end no collection takes its chunks.
        let reliance = try before.map { (_) throws(ContentError) in try ContentLease(paths) }
        defer { withExtendedLifetime(reliance) {} }
        let generation = try paths.passing { () throws(ContentError) in
            if let before { try reliance?.hold(ContentRoot(.tree, before.tree)) }
            return try paths.currentGeneration()
        }
        let seen = try TreeWalk(root: root, selection: selection, threads: options.threadCount, vigil: vigil)
            .run()
        let save = try TreeSave(
            root: root, selection: selection, threads: options.threadCount,
            session: WriteSession(paths, shelf, durably: options.isDurable),
            before: before.map { ($0, isWhole: $0.generation == generation) })
        var (saved, sightings) = try save.run(seen)
        try lease.hold(ContentRoot(.tree, saved.id))
        saved.notes = (seen.notes + saved.notes).sorted { $0.path < $1.path }
        if var sightings {
            sightings.moment = moment
            sightings.generation = generation
            try sightings.write(place)
        }
        return saved
    }
}

/// One save: what is known is taken over, the rest is read by several threads.
struct TreeSave {
    let root: TreeHandle
    let selection: TreeSelection
    let threads: Int
    let session: WriteSession
    /// `isWhole`: nothing was removed from the store since.
    let before: (sightings: Sightings, isWhole: Bool)?

    /// A part of a file that one thread reads.
    private struct Piece {
        var folder: Int
        var entry: Int
        var slot: Int
        /// `nil` for the whole file.
        var segment: Int?
    }

    /// - Returns: no sightings where those from before still say all.
    func run(_ seen: TreeWalk.Result) throws(ContentError) -> (SavedTree, Sightings?) {
        var manifest = TreeManifest()
        manifest.folders.reserveCapacity(seen.folders.count)
        var pieces: [Piece] = []
        var marks: [Sightings.Mark] = []
        let index = before.map { SightingIndex($0.sightings) }
        for (number, folder) in seen.folders.enumerated() {
            let known = index?.known(folder)
            var entries: [TreeEntry] = []
            entries.reserveCapacity(folder.entries.count)
            for (position, found) in folder.entries.enumerated() {
                if let entry = known?[position], try isStored(entry) {
                    entries.append(entry)
                } else {
                    add(found, at: (number, position, marks.count), &entries, &pieces)
                }
                marks.append(Sightings.Mark(changed: found.look.changed, inode: found.look.inode))
            }
            // The root is the caller's, and a folder on the way changes with what is not in the tree.
            let isRoot = folder.path.isEmpty
            manifest.folders.append(
                TreeFolder(
                    path: folder.path, mode: isRoot ? 0o755 : folder.look.mode,
                    modifiedNanoseconds: isRoot || !folder.isWhole ? 0 : folder.look.modified,
                    isWhole: folder.isWhole, entries: entries))
        }
        if pieces.isEmpty, let before, before.isWhole, before.sightings.manifest == manifest {
            return (totals(manifest, id: before.sightings.tree), nil)
        }
        let read = try readAll(pieces, &manifest, &marks)
        let id = try store(manifest)
        try session.seal()
        var saved = totals(manifest, id: id)
        saved.readCount = read.count
        saved.readBytes = read.bytes
        saved.written = session.totals
        saved.notes = read.notes
        return (saved, Sightings(tree: id, generation: 0, moment: 0, manifest: manifest, marks: marks))
    }

    private func isStored(_ entry: TreeEntry) throws(ContentError) -> Bool {
        if before?.isWhole == true { return true }
        for chunk in entry.chunks where try !session.holds(chunk.digest) { return false }
        return true
    }

    private func add(
        _ found: (name: [UInt8], look: FileLook), at place: (folder: Int, entry: Int, slot: Int),
        _ entries: inout [TreeEntry], _ pieces: inout [Piece]
    ) {
        let look = found.look
        entries.append(
            TreeEntry(
                name: found.name, kind: look.kind == .link ? .link : .file, mode: look.mode,
                modifiedNanoseconds: look.modified, sizeBytes: look.kind == .link ? 0 : look.sizeBytes, chunks: [],
                target: []))
        let piece = Piece(folder: place.folder, entry: place.entry, slot: place.slot, segment: nil)
        let segments = Int(look.sizeBytes) / ChunkCutting.segmentBytes
        guard look.kind == .file, segments > 0 else { return pieces.append(piece) }
        for segment in 0...segments {
            pieces.append(Piece(folder: place.folder, entry: place.entry, slot: place.slot, segment: segment))
        }
    }

    private func store(_ manifest: TreeManifest) throws(ContentError) -> ContentID {
        let bytes = TreeCoding.encode(manifest)
        guard bytes.count <= ContentLimits.manifestBytes else {
            throw .pastLimit(
                "The description of \(selection.root) is larger than \(ContentLimits.manifestBytes) bytes.")
        }
        let writer = ContentWriter(session: session, lease: nil, cutting: .manifests)
        try writer.append(bytes)
        return try writer.finishInSession()
    }

    private func totals(_ manifest: TreeManifest, id: ContentID) -> SavedTree {
        var saved = SavedTree(id: id)
        saved.folderCount = manifest.folders.count
        for folder in manifest.folders {
            for entry in folder.entries {
                if entry.kind == .link { saved.linkCount += 1 } else { saved.fileCount += 1 }
                saved.sizeBytes += entry.sizeBytes
            }
        }
        return saved
    }

    // MARK: reading

    private struct ReadTotals {
        var count = 0
        var bytes: UInt64 = 0
        var notes: [TreeNote] = []
        /// Entries that went away: folder and position.
        var vanished: [(folder: Int, entry: Int)] = []
    }

    private func readAll(_ pieces: [Piece], _ manifest: inout TreeManifest, _ marks: inout [Sightings.Mark])
        throws(ContentError) -> ReadTotals
    {
        let results = Slots<PieceReading.Outcome>(pieces.count, .vanished)
        let folders = manifest.folders
        let looks = marks
        _ = try Workers.each(
            pieces.count, threads: threads,
            scratch: { () throws(ContentError) in PieceReading(root: root, session: session, rootPath: selection.root) }
        ) { (reading: inout PieceReading, number) throws(ContentError) in
            let piece = pieces[number]
            let folder = folders[piece.folder]
            results[number] = try reading.read(
                folder.entries[piece.entry], in: folder, mark: looks[piece.slot], segment: piece.segment)
        }
        var totals = ReadTotals()
        for (number, piece) in pieces.enumerated() {
            take(results[number], of: piece, &manifest.folders[piece.folder], &marks[piece.slot], &totals)
        }
        drop(totals.vanished, &manifest, &marks)
        return totals
    }

    private func take(
        _ outcome: PieceReading.Outcome, of piece: Piece, _ folder: inout TreeFolder, _ mark: inout Sightings.Mark,
        _ totals: inout ReadTotals
    ) {
        let path = folder.path(of: folder.entries[piece.entry].name).pathText
        switch outcome {
        case .vanished:
            totals.notes.append(TreeNote(path: path, reason: .vanished))
            if totals.vanished.last.map({ $0 != (piece.folder, piece.entry) }) ?? true {
                totals.vanished.append((piece.folder, piece.entry))
            }
        case .link(let target): folder.entries[piece.entry].target = target
        case .part(let chunks, let isTorn):
            if piece.segment == 0 {
                totals.count += 1
                folder.entries[piece.entry].sizeBytes = 0
            }
            let size = chunks.reduce(0) { $0 + UInt64($1.sizeBytes) }
            folder.entries[piece.entry].chunks += chunks
            folder.entries[piece.entry].sizeBytes += size
            totals.bytes += size
            if isTorn {
                mark = .unknown
                totals.notes.append(TreeNote(path: path, reason: .changedMeanwhile))
            }
        case .file(let chunks, let look, let isTorn):
            folder.entries[piece.entry].chunks = chunks
            folder.entries[piece.entry].sizeBytes = chunks.reduce(0) { $0 + UInt64($1.sizeBytes) }
            folder.entries[piece.entry].mode = look.mode
            folder.entries[piece.entry].modifiedNanoseconds = look.modified
            mark = isTorn ? .unknown : Sightings.Mark(changed: look.changed, inode: look.inode)
            totals.count += 1
            totals.bytes += folder.entries[piece.entry].sizeBytes
            if isTorn { totals.notes.append(TreeNote(path: path, reason: .changedMeanwhile)) }
        }
    }

    private func drop(
        _ vanished: [(folder: Int, entry: Int)], _ manifest: inout TreeManifest, _ marks: inout [Sightings.Mark]
    ) {
        guard !vanished.isEmpty else { return }
        var starts: [Int] = []
        var start = 0
        for folder in manifest.folders {
            starts.append(start)
            start += folder.entries.count
        }
        // From the end, so that the places before stay right.
        for place in vanished.reversed() {
            manifest.folders[place.folder].entries.remove(at: place.entry)
            marks.remove(at: starts[place.folder] + place.entry)
        }
    }
}
