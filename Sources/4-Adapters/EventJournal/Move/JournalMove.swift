// SPDX-License-Identifier: Apache-2.0

/// Moves a journal from its file to a database: copies what is not there yet, reads all of it from both, and compares.
///
/// A move that was cut off goes on where it was, unless the file was written to since: then it begins again. As long as it lives
/// nobody else has the file or moves something to the database.
package final class JournalMove {
    /// How far it has come.
    package struct Progress: Sendable {
        package enum Step: String, Sendable { case comparing, copying, checking }

        package var step: Step
        /// `streams`, `events`, `messages`, `blobs`.
        package var table: String
        /// From 0 to 1, of the table.
        package var share: Double
    }

    /// What goes with one statement: enough for the round trip not to matter, and little enough for memory and for the
    /// database's patience.
    package struct Limits: Hashable, Sendable {
        package var rows: Int
        package var bytes: Int

        package init(rows: Int = 20_000, bytes: Int = 4 << 20) {
            (self.rows, self.bytes) = (rows, bytes)
        }
    }

    /// What was moved.
    package struct Outcome: Hashable, Sendable {
        /// Of all that the database holds now, and of all that the file holds.
        package var digest = ""
        package var streams = 0
        package var events = 0
        package var messages = 0
        package var blobs = 0
        /// Without the blobs' own.
        package var sizeBytes = 0
    }

    /// How many blobs are looked at with one question.
    private static let blobsAtOnce = 64

    private let source: MoveSource
    private let target: MoveTarget
    private let limits: Limits
    private let report: (Progress) -> Void
    private let isResumed: Bool

    /// Where the database is, without a password.
    package var place: String { target.place }

    /// - Parameters:
    ///   - path: of the file.
    ///   - move: tells this move from any other; the same at each try.
    ///   - report: told again and again how far it has come.
    /// - Throws: ``JournalError/taken(place:detail:)``, ``JournalError/busy(path:waitedMilliseconds:)``, and what the databases
    ///   fail on.
    package init(
        path: String, to url: String, move: String, limits: Limits = Limits(),
        report: @escaping (Progress) -> Void
    ) throws(JournalError) {
        self.limits = limits
        source = try MoveSource(path: path)
        target = try MoveTarget(url: url)
        self.report = report
        isResumed = try target.begin(move)
    }

    /// - Parameter lastRun: the number of the newest run.
    /// - Throws: ``JournalError/differs(place:detail:)``.
    package func run(lastRun: Int) throws(JournalError) -> Outcome {
        if isResumed, try !isPrefix() { try target.empty() }
        for table in JournalTable.all { try copy(table) }
        try copyBlobs()
        let outcome = try compareAll()
        try target.seal(lastRun: lastRun)
        return outcome
    }

    /// - Parameter folder: what the folder is called from now on that has the files of the runs.
    /// - Returns: what tells the database from every other.
    package func identity(naming folder: String) throws(JournalError) -> String { try target.identity(naming: folder) }

    /// Servers may begin on the database.
    package func finish() throws(JournalError) { try target.finish() }

    /// All of the file is in the one file, for it gets another name.
    package func settle() throws(JournalError) { try source.settle() }

    // MARK: copying

    private func copy(_ table: JournalTable) throws(JournalError) {
        var place = try target.progress(of: table)
        let last = try source.last(of: table)
        while place < last {
            var batch = MoveBatch(table, limits)
            try source.rows(of: table, after: place, upTo: last) {
                batch.append($0)
                return !batch.isFull
            }
            if let zero = batch.zeroPlace {
                let title = try source.title(of: zero, in: table)
                throw .limit(
                    "PostgreSQL keeps no text with a zero byte, and '\(title.prefix(80))' (\(table.name)) has one.")
            }
            guard batch.count > 0 else { return }
            try target.insert(batch)
            place = batch.lastPlace
            report(Progress(step: .copying, table: table.name, share: Double(place) / Double(last)))
        }
    }

    private func blobs() -> [(digest: BlobDigest, storedAt: Int)] {
        source.blobs.stored(before: .max).compactMap { digest in
            source.blobs.age(digest).map { (digest, $0) }
        }
    }

    private func copyBlobs() throws(JournalError) {
        let all = blobs()
        if isResumed { try target.keepOnly(all.map(\.digest)) }
        for start in stride(from: 0, to: all.count, by: Self.blobsAtOnce) {
            let some = all[start..<min(start + Self.blobsAtOnce, all.count)]
            let known = try target.refresh(Array(some))
            for (digest, storedAt) in some where !known.contains(digest.hex) {
                try target.insert(digest, try source.blobs.read(digest), storedAt: storedAt)
            }
            report(Progress(step: .copying, table: "blobs", share: Double(start + some.count) / Double(all.count)))
        }
    }

    // MARK: comparing

    /// Whether what is in the database is what the file begins with.
    private func isPrefix() throws(JournalError) -> Bool {
        for table in JournalTable.all {
            var nothing = (JournalDigest(), JournalDigest())
            let end = try target.progress(of: table)
            if try compare(table, upTo: end, .comparing, &nothing, { _ in }) != nil { return false }
        }
        return true
    }

    private func compareAll() throws(JournalError) -> Outcome {
        var outcome = Outcome()
        var digests = (JournalDigest(), JournalDigest())
        var counts: [Int] = []
        for table in JournalTable.all {
            digests.0.begin(table.name)
            digests.1.begin(table.name)
            var count = 0
            let difference = try compare(table, upTo: .max, .checking, &digests) { tape in
                count += tape.count
                outcome.sizeBytes += tape.bytes.count
            }
            if let difference {
                let title = try source.title(of: difference, in: table)
                throw .differs(place: target.place, detail: "of the \(table.name) first '\(title.prefix(80))'")
            }
            counts.append(count)
        }
        outcome.blobs = try compareBlobs(&digests)
        (outcome.streams, outcome.events, outcome.messages) = (counts[0], counts[1], counts[2])
        outcome.digest = digests.0.text
        guard outcome.digest == digests.1.text else {
            throw .differs(place: target.place, detail: "\(outcome.digest) became \(digests.1.text)")
        }
        return outcome
    }

    /// Reads a table from both, and adds it to the digests of file and database.
    ///
    /// - Returns: the place of the first row that is not the same.
    private func compare(
        _ table: JournalTable, upTo end: Int64, _ step: Progress.Step, _ digests: inout (JournalDigest, JournalDigest),
        _ each: (RowTape) -> Void
    ) throws(JournalError) -> Int64? {
        let last = min(end, try source.last(of: table))
        var place: Int64 = 0
        while true {
            var read = RowTape()
            if place < last {
                try source.rows(of: table, after: place, upTo: last) {
                    read.put($0, table.columns)
                    return read.count < limits.rows && read.bytes.count < limits.bytes
                }
            }
            let isLast = read.count == 0 || read.lastPlace == last
            // One more than there may be, and behind the last one whatever there is.
            let written = try target.tape(
                of: table, after: place, upTo: isLast ? end : read.lastPlace ?? end, limit: read.count + 1)
            digests.0.add(read)
            digests.1.add(written)
            if let difference = read.firstDifference(from: written) { return difference }
            each(read)
            if isLast { return nil }
            place = read.lastPlace ?? last
            report(Progress(step: step, table: table.name, share: Double(place) / Double(max(1, last))))
        }
    }

    private func compareBlobs(_ digests: inout (JournalDigest, JournalDigest)) throws(JournalError) -> Int {
        digests.0.begin("blobs")
        digests.1.begin("blobs")
        let all = blobs()
        var after = ""
        for start in stride(from: 0, through: all.count, by: Self.blobsAtOnce) {
            let some = all[start..<min(start + Self.blobsAtOnce, all.count)]
            var read = RowTape()
            for (index, blob) in some.enumerated() {
                read.begin(Int64(index))
                read.put(blob.digest.hex)
                read.put(Int64(blob.storedAt))
                read.put(BlobDigest(of: try source.blobs.read(blob.digest)).hex)
            }
            let isLast = some.count < Self.blobsAtOnce
            let (written, last) = try target.blobTape(after: after, limit: isLast ? some.count + 1 : some.count)
            digests.0.add(read)
            digests.1.add(written)
            if let difference = read.firstDifference(from: written) {
                let title = some.dropFirst(Int(difference)).first?.digest.hex ?? last ?? ""
                throw .differs(place: target.place, detail: "of the blobs first '\(title)'")
            }
            after = last ?? after
            report(Progress(step: .checking, table: "blobs", share: Double(start) / Double(max(1, all.count))))
        }
        return all.count
    }

    // MARK: an earlier process's end

    /// Ends a move in the database whose folder says already where its journal is.
    ///
    /// - Parameter identity: of the database that the folder names; another one stays as it is.
    /// - Returns: of the database that was named now.
    package static func end(
        at url: String, identity: String, move: String?
    ) throws(JournalError) -> (identity: String, place: String) {
        let target = try MoveTarget(url: url)
        let found = try target.identity()
        if found == identity { try target.finish(move) }
        return (found, target.place)
    }

    /// ``settle()`` for a file that was moved before.
    package static func settle(path: String) throws(JournalError) { try MoveSource(path: path).settle() }
}
