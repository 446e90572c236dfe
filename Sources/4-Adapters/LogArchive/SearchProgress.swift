// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Hands out the blocks of a search in their order, and puts what is found in them together in the same order.
///
/// So the result does not depend on how many threads there were: it is what stands before the first block that was not
/// searched.
final class SearchProgress: Sendable {
    struct Task {
        var number: Int
        var block: SearchBlock
        /// How many matches of the block may still be needed.
        var room: Int
    }

    private struct State {
        // What is handed out next.
        var log: Int
        var offset: Int
        /// Of the log at `log`, once it was looked at.
        var size: Int?
        var handedOut = 0
        var isStopped = false
        /// Blocks that are searched, or done before one that is not.
        var open: [Int: SearchBlock] = [:]
        var done: [Int: Result<BlockFindings, SearchStop>] = [:]
        var keptInDone = 0

        // What is put together.
        var merged = 0
        /// Of them, those that were searched to their end.
        var searched = 0
        var lineLog: Int
        /// Lines of the log before the next block.
        var lines: Int
        var matches: [LogMatch] = []
        var matchingLines = 0
        /// Where the first match is that the page has no room for.
        var overflow: LogCursor?
        var stop: SearchStop?
    }

    private let search: LogSearch
    private let state: Mutex<State>
    /// More than one block is there to be searched.
    let isWorthThreads: Bool

    init(_ search: LogSearch, from cursor: LogCursor) throws(LogError) {
        self.search = search
        let log = max(0, cursor.log)
        var offset = 0
        var size: Int?
        if log < search.sources.count, cursor.line > 1 {
            let reader = try LogReader(path: search.sources[log].path)
            // A line that is not there yet is one that nothing is found on or behind.
            offset = try reader.offset(ofLine: cursor.line) ?? reader.file.size
            size = max(offset, reader.file.size)
        }
        let rest = search.sources.count - log
        if rest == 1 {
            isWorthThreads = try LogFile(reading: search.sources[log].path).size - offset > BlockSearch.blockBytes
        } else {
            isWorthThreads = rest > 1
        }
        let start = State(log: log, offset: offset, size: size, lineLog: log, lines: max(0, cursor.line - 1))
        state = Mutex(start)
    }

    /// The next block; `nil` where there is none, or no more are needed.
    func next() -> Task? {
        state.withLock { state in
            let room = search.limits.matches - state.matches.count - state.keptInDone
            // One match more than there is room for says that there is a next page.
            guard !state.isStopped, search.countsAll || room >= 0 && state.overflow == nil else { return nil }
            guard let block = nextBlock(&state) else { return nil }
            let number = state.handedOut
            state.handedOut += 1
            state.open[number] = block
            return Task(number: number, block: block, room: max(0, room + 1))
        }
    }

    private func nextBlock(_ state: inout State) -> SearchBlock? {
        while state.log < search.sources.count {
            let path = search.sources[state.log].path
            // A log that cannot be opened is a block too: reading it says why.
            let size = state.size ?? (try? LogFile(reading: path).size) ?? 1
            state.size = size
            if state.offset < size {
                let start = state.offset
                state.offset = min(size, start + BlockSearch.blockBytes)
                let beginsLine = start == 0 || state.handedOut == 0
                return SearchBlock(
                    log: state.log, path: path, range: start..<state.offset, size: size, beginsLine: beginsLine)
            }
            state.log += 1
            state.offset = 0
            state.size = nil
        }
        return nil
    }

    func finished(_ number: Int, _ result: Result<BlockFindings, SearchStop>) {
        state.withLock { state in
            state.done[number] = result
            switch result {
            case .success(let findings): state.keptInDone += findings.matches.count
            // Nothing behind it counts.
            case .failure: state.isStopped = true
            }
            while let next = state.done.removeValue(forKey: state.merged) {
                merge(next, &state)
                state.merged += 1
            }
        }
    }

    private func merge(_ result: Result<BlockFindings, SearchStop>, _ state: inout State) {
        guard let block = state.open.removeValue(forKey: state.merged) else { return }
        if case .success(let findings) = result { state.keptInDone -= findings.matches.count }
        guard state.stop == nil else { return }
        if block.log != state.lineLog {
            state.lineLog = block.log
            state.lines = 0
        }
        switch result {
        case .failure(let stop):
            // A page that is full without the block needs nothing of it.
            guard search.countsAll || state.overflow == nil else { return }
            state.stop = stop
            state.isStopped = true
        case .success(let findings):
            state.searched += 1
            state.matchingLines += findings.matchingLines
            for match in findings.matches {
                let line = state.lines + match.line + 1
                if state.matches.count < search.limits.matches {
                    state.matches.append(LogMatch(log: block.log, line: line, excerpt: match.excerpt))
                } else {
                    state.overflow = state.overflow ?? LogCursor(log: block.log, line: line)
                }
            }
            state.lines += findings.lines
        }
    }

    /// What was found, once all threads are done.
    func page() throws(LogError) -> LogSearchPage {
        let result = state.withLock { state in
            Result { () throws(LogError) in try page(state) }
        }
        return try result.get()
    }

    private func page(_ state: State) throws(LogError) -> LogSearchPage {
        let here = LogCursor(log: state.lineLog, line: state.lines + 1)
        var page = LogSearchPage(
            matches: state.matches, matchingLines: state.matchingLines, isCounted: state.stop == nil,
            next: state.overflow)
        switch state.stop {
        case nil:
            if !search.countsAll, state.overflow != nil { page.isCounted = false }
        case .outOfTime where state.searched > 0:
            page.next = state.overflow ?? here
        case .outOfTime:
            throw .search(.exhausted(log: path(state.lineLog), line: nil))
        case .tooMuchWork:
            throw .search(.exhausted(log: path(state.lineLog), line: nil))
        case .tooMuchWorkOn(let line):
            throw .search(.exhausted(log: path(state.lineLog), line: state.lines + line + 1))
        case .cancelled:
            throw .search(.cancelled)
        case .failed(let error):
            throw error
        }
        return page
    }

    private func path(_ log: Int) -> String { log < search.sources.count ? search.sources[log].path : "" }
}
