// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// What the program's exit code says; `martlet exit-codes` prints the table.
enum ExitStatus: Int32, CaseIterable {
    case success = 0
    case error = 1
    case usage = 2
    case cancelled = 3
    case notAllowed = 4
    case runFailed = 5
    case setup = 6
    case interrupted = 130

    var meaning: String {
        switch self {
        case .success: "It did what was asked; a run succeeded."
        case .error: "Something went wrong; a check found an error."
        case .usage: "The command line was not understood."
        case .cancelled: "The run was cancelled or timed out."
        case .notAllowed: "It is not allowed."
        case .runFailed: "The run did not succeed."
        case .setup: "Set-up failed before any of your code ran, or a job is not to be had here."
        case .interrupted: "It was interrupted before a run began; an interrupted run is cancelled, and ends with 3."
        }
    }

    /// Thrown to end the program with this code, quietly.
    var exit: ExitCode { ExitCode(rawValue) }
}
