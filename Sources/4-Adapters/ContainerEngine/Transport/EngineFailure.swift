// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import NIOCore
internal import NIOHTTP1
internal import ProcessControl
internal import StructuredData

/// The words for what goes wrong between here and an engine.
enum EngineFailure {
    static func cancelled(_ summary: String) -> DiagnosticError {
        DiagnosticError(.engineCallCancelled, "The call '\(summary)' to the container engine was cancelled.")
    }

    static func lost(_ summary: String, _ reason: String?) -> DiagnosticError {
        DiagnosticError(
            .engineLost,
            "The container engine closed the connection in the middle of '\(summary)'\(reason.map { " (\($0))" } ?? "").",
            remedy: "See whether the engine is still running, and its log.")
    }

    static func timedOut(_ summary: String, _ limit: CallLimit) -> DiagnosticError {
        let duration = limit.duration ?? .zero
        let what = limit.isRenewed ? "went silent for" : "did not come to an end within"
        return DiagnosticError(
            .engineTimedOut,
            "The call '\(summary)' to the container engine \(what) \(duration) (timeout '\(limit.kind.rawValue)').",
            remedy: "See what the engine is busy with, or give the call more time.")
    }

    static func unreadable(_ summary: String, _ reason: String) -> DiagnosticError {
        DiagnosticError(
            .engineAnswerUnreadable, "The container engine's answer to '\(summary)' cannot be read: \(reason).")
    }

    static func tooLarge(_ summary: String, limitBytes: Int) -> DiagnosticError {
        DiagnosticError(
            .engineAnswerTooLarge,
            "The container engine's answer to '\(summary)' is longer than \(limitBytes) bytes, and was not read.")
    }

    static func unreachable(_ address: EngineAddress, _ error: any Error) -> DiagnosticError {
        var reason = "\(error)"
        var remedy = "Start the engine, or set DOCKER_HOST to the socket it listens on."
        if let failure = error as? IOError {
            let system = SystemError(number: failure.errnoCode)
            reason = system.description
            if system.name == "EACCES" || system.name == "EPERM" {
                remedy = "Join the group that owns the socket (often 'docker'), and log in again."
            }
        }
        return DiagnosticError(
            .engineUnreachable, "The container engine at \(address.path) cannot be connected to: \(reason).",
            remedy: remedy)
    }

    /// For an answer with a status of 400 or more.
    static func refused(_ summary: String, _ status: HTTPResponseStatus, _ body: [UInt8]) -> DiagnosticError {
        let code: DiagnosticCode =
            switch status.code {
            case 404: .engineObjectMissing
            case 409: .engineConflict
            default: .engineRefused
            }
        let words = message(of: body) ?? status.reasonPhrase
        return DiagnosticError(
            code, "The container engine refused '\(summary)' with status \(status.code): \(words)")
    }

    /// `{"message": "…"}`, or the text itself where it is not that.
    private static func message(of body: [UInt8]) -> String? {
        if let data = try? DataValue(json: body), let message = data["message"]?.string { return message }
        let text = String(decoding: body.prefix(wordsLimitBytes), as: UTF8.self)
        return text.isEmpty ? nil : String(text.split(whereSeparator: \.isNewline).joined(separator: " "))
    }

    private static let wordsLimitBytes = 2000
}
