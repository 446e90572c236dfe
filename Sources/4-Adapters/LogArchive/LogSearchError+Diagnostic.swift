// SPDX-License-Identifier: Apache-2.0

import Diagnostics

extension LogSearchError {
    var diagnostic: Diagnostic {
        switch self {
        case .patternInvalid(let pattern, let detail):
            Diagnostic(
                .logPatternInvalid, "Logs cannot be searched for '\(pattern)': \(detail).",
                remedy: "Correct it; a search for plain text takes every character as it is.")
        case .patternLimit(let bytes):
            Diagnostic(
                .logPatternLimit, "What is looked for is longer than \(bytes) bytes.",
                remedy: "Look for a shorter text.")
        case .exhausted(let log, let line):
            Diagnostic(
                .logSearchExhausted,
                line.map { "The pattern needs too much work on line \($0) of the log '\(log)'." }
                    ?? "The search found no time to get through any part of the log '\(log)'.",
                remedy: "Use fewer nested or neighbouring repetitions such as (a+)+ or .*.*, or look for plain text.")
        case .cancelled:
            Diagnostic(.logSearchCancelled, "The search was given up, since nobody waits for its result any more.")
        }
    }
}
