// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// The codes of this target.
extension DiagnosticCode {
    /// A cron line that has no meaning.
    public static let malformedCron = DiagnosticCode(260)
    /// A schedule that asks for runs less than five minutes apart.
    public static let cronTooFrequent = DiagnosticCode(261)
    /// A time zone that this machine does not know.
    public static let unknownTimeZone = DiagnosticCode(262)
    /// A schedule whose day never comes, such as 30 February.
    public static let cronNeverFires = DiagnosticCode(263)
}

/// A cron line, or a time zone, that cannot be used.
public struct ScheduleError: CodedError, Hashable {
    public var code: DiagnosticCode
    public var message: String
    /// 0-based place in the text, in Unicode scalars.
    public var offset: Int

    public var diagnostic: Diagnostic {
        Diagnostic(code, message, remedy: "See `martlet explain \(code)`.")
    }
}
