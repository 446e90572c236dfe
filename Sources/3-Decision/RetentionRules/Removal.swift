// SPDX-License-Identifier: Apache-2.0

package import PipelineModel

/// Something of a run that goes, and why.
package struct Removal: Hashable, Sendable {
    package enum Part: String, Hashable, Sendable, CaseIterable {
        /// All of it.
        case run
        case logs
        case workspace
    }

    package enum Cause: Hashable, Sendable {
        /// It is over for so many days, of which `limit` were allowed.
        case age(days: Int, limit: Int)
        /// It is not one of the newest of its pipeline that were to be kept.
        case surplus(kept: Int)
        /// The disk is short of room, and of all that may go it is the oldest.
        case room(freeBytes: UInt64, minimumBytes: UInt64)
    }

    package var run: RunID
    package var part: Part
    package var cause: Cause

    package init(_ run: RunID, _ part: Part, _ cause: Cause) {
        self.run = run
        self.part = part
        self.cause = cause
    }

    /// Why, in a sentence.
    package var sentence: String {
        switch cause {
        case .age(let days, let limit):
            "It ended \(Self.count(days, "day")) before, and is kept for \(Self.count(limit, "day"))."
        case .surplus(let kept):
            kept == 0
                ? "It was over, and none were to be kept." : "The newest \(kept) of its pipeline were to be kept."
        case .room(let free, let minimum):
            "The disk had \(DiskRule.text(free)) free, of which \(DiskRule.text(minimum)) must be; "
                + "it was the oldest that could go."
        }
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
