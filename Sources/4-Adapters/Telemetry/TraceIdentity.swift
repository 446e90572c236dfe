// SPDX-License-Identifier: Apache-2.0

import Crypto
import StructuredData

/// The trace of a run attempt, and the ids of its spans: hashes of what they stand for, so that a server that starts
/// again, or another one of the same installation, gives the same ids.
package struct RunTrace: Hashable, Sendable {
    package let id: TraceID
    private let seed: [String]

    /// - Parameters:
    ///   - installation: told apart from all others by it.
    ///   - attempt: of the run, from 1.
    package init(installation: String, run: String, attempt: Int) {
        seed = [installation, run, String(attempt)]
        id = TraceID(text: TraceIdentity.digits(["trace"] + seed, count: 32))
    }

    package var runSpan: SpanID { span("run", []) }

    package func jobSpan(_ job: JobPlace) -> SpanID { span("job", [job.job, String(job.attempt)]) }

    package func stepSpan(_ job: JobPlace, step: String, attempt: Int) -> SpanID {
        span("step", [job.job, String(job.attempt), step, String(attempt)])
    }

    private func span(_ kind: String, _ parts: [String]) -> SpanID {
        SpanID(text: TraceIdentity.digits([kind] + seed + parts, count: 16))
    }
}

/// A job's attempt in a run attempt.
package struct JobPlace: Hashable, Sendable {
    /// The job and its leg, as text.
    package var job: String
    /// From 1.
    package var attempt: Int

    package init(job: String, attempt: Int) {
        self.job = job
        self.attempt = attempt
    }
}

enum TraceIdentity {
    /// Hexadecimal digits of a SHA-256 over the parts and their lengths.
    static func digits(_ parts: [String], count: Int) -> String {
        var hash = SHA256()
        hash.update(data: Array("martlet trace 1".utf8))
        for part in parts {
            // Lengths keep `a`, `bc` and `ab`, `c` apart.
            hash.update(data: Array("\u{0}\(part.utf8.count)\u{0}".utf8))
            hash.update(data: Array(part.utf8))
        }
        let digits = String(Hexadecimal.text(hash.finalize()).prefix(count))
        return digits.utf8.allSatisfy { $0 == UInt8(ascii: "0") } ? digits.dropLast() + "1" : digits
    }
}
