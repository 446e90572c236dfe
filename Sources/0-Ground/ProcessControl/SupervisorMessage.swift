// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl

/// How a process ended.
package enum ProcessEnding: Hashable, Sendable {
    /// With an exit code, 0 … 255.
    case exited(Int32)
    /// By a signal.
    case signalled(Int32)

    /// What a shell would report: the exit code, or 128 and the signal.
    package var shellCode: Int32 {
        switch self {
        case .exited(let code): code
        case .signalled(let signal): 128 + signal
        }
    }

    /// From what `waitpid` gives: the low seven bits are the signal, the next byte is the exit code.
    init(waitStatus status: Int32) {
        self = status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .signalled(status & 0x7f)
    }
}

/// What a process used, with the children it waited for.
package struct ProcessUsage: Hashable, Sendable {
    package var userMicroseconds: UInt64
    package var systemMicroseconds: UInt64
    package var peakResidentKibibytes: UInt64
}

/// How far the start of a process had come when it failed.
package enum LaunchStage: UInt32, Hashable, Sendable {
    case clone = 1
    case session
    case terminal
    case cgroup
    case streams
    case limits
    case workingDirectory
    case program
}

/// What a supervisor tells its coordinator.
package enum SupervisorMessage: Hashable, Sendable {
    /// The receipts are locked and read; requests sent before this are served after it.
    case ready
    /// The supervisor has ended: it could not lock or read the receipts
    /// (``SystemError/isLockHeld``: another supervisor has them).
    case startFailed(SystemError)
    case started(Start)
    case exited(Exit)
    /// There was no process to run; the receipt is closed with the failure.
    case launchFailed(LaunchFailure)
    /// Nothing was started and no receipt written.
    case refused(Refusal)
    /// The answer to `kill` with the scope ``KillScope/tree`` and SIGKILL.
    case treeGone(key: String, KillReport)
    /// The answer to `killAll` and `shutdown`.
    case allGone(KillReport)
    /// The supervisor is gone: after `shutdown`, or because it was killed. Then processes may be left over.
    case ended

    package struct Start: Hashable, Sendable {
        package var key: String
        package var processID: Int32
        package var at: BootInstant
    }

    package struct Exit: Hashable, Sendable {
        package var key: String
        package var processID: Int32
        package var ending: ProcessEnding
        package var usage: ProcessUsage
        package var startedAt: BootInstant
        package var endedAt: BootInstant
    }

    package struct LaunchFailure: Hashable, Sendable {
        package var key: String
        package var stage: LaunchStage
        package var error: SystemError
    }

    package struct Refusal: Hashable, Sendable {
        package var key: String
        package var error: SystemError
        /// The key has a receipt already: this attempt was started before.
        package var isDuplicate: Bool { error.number == pc_duplicate_key_error() }
    }
}

/// A process that a kill found.
package struct FoundProcess: Hashable, Sendable {
    package var processID: Int32
    package var parentID: Int32
    /// The kernel's short name, at most 15 bytes.
    package var name: String
}

/// What a kill found and left.
package struct KillReport: Hashable, Sendable {
    /// The first 64 that were found.
    package var processes: [FoundProcess]
    package var totalCount: Int
    /// Still there when patience ended: in the kernel's hands, or not ours to kill. 0 is the rule.
    package var remainingCount: Int

    package init(processes: [FoundProcess], totalCount: Int, remainingCount: Int) {
        self.processes = processes
        self.totalCount = totalCount
        self.remainingCount = remainingCount
    }
}

extension SupervisorMessage {
    /// `nil` for a kind that this version does not know.
    init?(_ raw: borrowing pc_message) {
        let key = Self.text(of: raw.key, length: Int(min(raw.key_length, UInt32(PC_KEY_LIMIT))))
        switch pc_message_kind(rawValue: raw.kind) {
        case PC_MESSAGE_READY: self = .ready
        case PC_MESSAGE_START_FAILED: self = .startFailed(SystemError(number: raw.error))
        case PC_MESSAGE_STARTED:
            self = .started(Start(key: key, processID: raw.pid, at: BootInstant(nanoseconds: raw.started_ns)))
        case PC_MESSAGE_EXITED: self = .exited(Exit(raw, key: key))
        case PC_MESSAGE_EXEC_FAILED:
            let stage = LaunchStage(rawValue: raw.stage) ?? .program
            self = .launchFailed(LaunchFailure(key: key, stage: stage, error: SystemError(number: raw.error)))
        case PC_MESSAGE_REFUSED: self = .refused(Refusal(key: key, error: SystemError(number: raw.error)))
        case PC_MESSAGE_TREE_GONE: self = .treeGone(key: key, KillReport(raw))
        case PC_MESSAGE_ALL_GONE: self = .allGone(KillReport(raw))
        default: return nil
        }
    }

    static func text<Bytes>(of bytes: Bytes, length: Int) -> String {
        withUnsafeBytes(of: bytes) { String(decoding: $0.prefix(length), as: UTF8.self) }
    }
}

extension SupervisorMessage.Exit {
    init(_ raw: borrowing pc_message, key: String) {
        self.init(
            key: key, processID: raw.pid, ending: ProcessEnding(waitStatus: raw.status),
            usage: ProcessUsage(
                userMicroseconds: raw.user_us, systemMicroseconds: raw.system_us,
                peakResidentKibibytes: raw.peak_resident_kib),
            startedAt: BootInstant(nanoseconds: raw.started_ns), endedAt: BootInstant(nanoseconds: raw.ended_ns))
    }
}

extension KillReport {
    init(_ raw: borrowing pc_message) {
        totalCount = Int(raw.total)
        remainingCount = Int(raw.remaining)
        let listed = Int(min(raw.listed, UInt32(PC_LISTED_COUNT)))
        processes = withUnsafeBytes(of: raw.processes) { space in
            space.bindMemory(to: pc_process.self).prefix(listed).map { FoundProcess($0) }
        }
    }
}

extension FoundProcess {
    init(_ raw: pc_process) {
        processID = raw.pid
        parentID = raw.parent
        name = withUnsafeBytes(of: raw.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
