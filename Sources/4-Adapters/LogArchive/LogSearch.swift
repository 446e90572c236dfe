// SPDX-License-Identifier: Apache-2.0

import Dispatch

/// One of the logs that are searched.
package struct LogSource: Hashable, Sendable {
    package var key: LogKey
    package var path: String

    package init(key: LogKey, path: String) {
        self.key = key
        self.path = path
    }
}

/// Where a search goes on.
package struct LogCursor: Hashable, Sendable {
    /// Index of the log in the list of sources.
    package var log: Int
    /// The first line that is searched; 1 is the log's first.
    package var line: Int

    package static let start = LogCursor(log: 0, line: 1)

    package init(log: Int, line: Int) {
        self.log = log
        self.line = line
    }
}

package struct LogMatch: Hashable, Sendable {
    /// Index of the log in the list of sources.
    package var log: Int
    /// From 1.
    package var line: Int
    package var excerpt: LogExcerpt
}

package struct LogSearchPage: Hashable, Sendable {
    /// In the order of the sources and lines.
    package var matches: [LogMatch]
    /// Lines that match, from the cursor as far as was searched; more than ``matches`` where those are many.
    package var matchingLines: Int
    /// ``matchingLines`` holds for all of the logs from the cursor on.
    package var isCounted: Bool
    /// Where the next page begins; `nil` where there is none.
    package var next: LogCursor?
}

/// Looks for a pattern in logs, which may be written meanwhile: what is there when a log's turn comes is searched.
///
/// Blocks the thread that calls it, and uses others of Dispatch beside it.
package struct LogSearch: Sendable {
    package var sources: [LogSource]
    package var pattern: LogPattern
    package var limits: LogSearchLimits
    /// Count all matching lines, also those behind the page.
    package var countsAll: Bool

    package init(
        _ pattern: LogPattern, in sources: [LogSource], limits: LogSearchLimits = LogSearchLimits(),
        countsAll: Bool = true
    ) {
        self.pattern = pattern
        self.sources = sources
        self.limits = limits
        self.countsAll = countsAll
    }

    /// One page of matches from `cursor` on.
    ///
    /// - Parameters:
    ///   - isCancelled: asked now and then, on several threads; `true` ends the search with an error.
    ///   - clock: milliseconds that never go back.
    package func page(
        from cursor: LogCursor = .start, isCancelled: @escaping @Sendable () -> Bool = { false },
        clock: @escaping @Sendable () -> Int64 = SearchPace.now
    ) throws(LogError) -> LogSearchPage {
        try pattern.check(limits)
        let deadline = clock() + Int64(limits.milliseconds)
        // Says at once what is wrong with the pattern.
        let first = try BlockSearch(pattern, limits)
        let progress = try SearchProgress(self, from: cursor)
        guard progress.isWorthThreads, limits.threads > 1 else {
            Self.work(first, progress, SearchPace(deadline: deadline, isCancelled: isCancelled, clock: clock))
            return try progress.page()
        }
        DispatchQueue.concurrentPerform(iterations: limits.threads) { _ in
            guard let search = try? BlockSearch(pattern, limits) else { return }
            Self.work(search, progress, SearchPace(deadline: deadline, isCancelled: isCancelled, clock: clock))
        }
        return try progress.page()
    }

    private static func work(_ search: BlockSearch, _ progress: SearchProgress, _ pace: SearchPace) {
        var search = search
        var pace = pace
        while let task = progress.next() {
            let result = Result { () throws(SearchStop) in
                try search.search(task.block, room: task.room, &pace)
            }
            progress.finished(task.number, result)
        }
    }
}
