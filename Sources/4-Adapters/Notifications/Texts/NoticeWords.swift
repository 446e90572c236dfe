// SPDX-License-Identifier: Apache-2.0

internal import NotificationRules
internal import Timekeeping

/// The languages that people are told things in.
package enum NoticeLanguage: String, Hashable, Sendable, CaseIterable {
    case english = "en"
    case korean = "ko"
}

/// The sentences of notices. A Korean particle never follows a name, whose last sound it would depend on.
struct NoticeWords {
    let language: NoticeLanguage

    private func say(_ english: String, _ korean: String) -> String { language == .english ? english : korean }

    // MARK: one run

    func title(_ change: StateChange, project: String, workflow: String, branch: String) -> String {
        let words =
            switch change {
            case .broke: say("\(workflow) is broken on \(branch)", "\(workflow) 실패: \(branch)")
            case .fixed: say("\(workflow) works again on \(branch)", "\(workflow) 복구: \(branch)")
            case .stillFailing: say("\(workflow) still fails on \(branch)", "\(workflow) 계속 실패: \(branch)")
            case .waitingForApproval:
                say("\(workflow) waits for an approval on \(branch)", "\(workflow) 승인 대기: \(branch)")
            case .recoveredByRerun:
                say("\(workflow) passed on \(branch) when run again", "\(workflow) 재실행에서 성공: \(branch)")
            }
        return "[\(project)] \(words)"
    }

    func lead(_ change: StateChange, workflow: String, branch: String, run: Int) -> String {
        let place = "\(branch) 브랜치의 \(workflow) 워크플로"
        return switch change {
        case .broke:
            say("\(workflow) failed on \(branch); it did not fail before.", "\(place)가 실패했습니다. 그 전에는 실패하지 않았습니다.")
        case .fixed: say("\(workflow) succeeds on \(branch) again.", "\(place)가 다시 성공합니다.")
        case .stillFailing: say("\(workflow) still fails on \(branch).", "\(place)가 아직 실패하고 있습니다.")
        case .waitingForApproval:
            say(
                "Run \(run) of \(workflow) on \(branch) goes on when somebody approves it.",
                "\(place)의 실행 \(run)번이 승인을 기다리고 있습니다.")
        case .recoveredByRerun:
            say(
                "Run \(run) of \(workflow) on \(branch) failed, and succeeded when it was started again without a change.",
                "\(place)의 실행 \(run)번이 실패했으나, 변경 없이 다시 실행하자 성공했습니다.")
        }
    }

    var projectLabel: String { say("Project", "프로젝트") }
    var runLabel: String { say("Run", "실행") }
    var changeLabel: String { say("Change", "변경") }
    var commitLabel: String { say("Commit", "커밋") }
    var authorLabel: String { say("Author", "작성자") }
    var brokenLabel: String { say("Broken for", "실패 기간") }
    var openRun: String { say("Open the run", "실행 보기") }
    var approve: String { say("Approve", "승인") }
    var rerun: String { say("Run again", "다시 실행") }

    var cancel: String { say("Cancel", "취소") }

    // MARK: commands

    func notUnderstood(_ text: String) -> String { say("'\(text)' is no command.", "'\(text)' 명령을 알 수 없습니다.") }

    var commands: String {
        say(
            """
            /martlet status [PROJECT]: what fails, runs and waits
            /martlet approve RUN: approve a run that waits, such as acme/web#12
            /martlet rerun RUN: run the failed jobs of a run again
            /martlet help: this list
            """,
            """
            /martlet status [프로젝트]: 실패했거나 실행 중이거나 대기 중인 항목
            /martlet approve 실행: 대기 중인 실행 승인 (예: acme/web#12)
            /martlet rerun 실행: 실패한 작업 다시 실행
            /martlet help: 이 목록
            """)
    }

    func run(_ number: Int, attempt: Int, event: String) -> String {
        let again = attempt > 1 ? say(", attempt \(attempt)", ", \(attempt)번째 시도") : ""
        return "#\(number)\(again)" + (event.isEmpty ? "" : " (\(event))")
    }

    // MARK: digests

    func digestTitle(_ count: Int) -> String {
        count == 1
            ? say("One branch keeps failing", "브랜치 1개가 계속 실패합니다")
            : say("\(count) branches keep failing", "브랜치 \(count)개가 계속 실패합니다")
    }

    func digestLead(_ count: Int) -> String {
        say("These fail, and failed before:", "이전부터 실패하고 있는 브랜치입니다.")
    }

    func digestItem(project: String, workflow: String, branch: String, count: Int) -> String {
        let times = count == 1 ? say("one run", "실행 1번") : say("\(count) runs", "실행 \(count)번")
        return "\(project): \(workflow), \(branch) (\(times))"
    }

    func brokenFor(_ span: String) -> String { say("Broken for \(span).", "\(span)째 실패하고 있습니다.") }
    func omitted(_ count: Int) -> String { say("And \(count) more.", "이 밖에 \(count)개가 더 있습니다.") }

    func footer(_ policy: String) -> String {
        say(
            "The server's notification policy \"\(policy)\" tells you of this.", "서버의 알림 정책 \"\(policy)\"에 따라 보낸 알림입니다."
        )
    }

    // MARK: times

    /// The two largest units: `3 d 4 h`.
    func span(_ span: Timestamp.Span) -> String {
        let minutes = max(0, span.milliseconds / 60_000)
        let units: [(Int64, String)] = [
            (minutes / 1_440, say(" d", "일")), (minutes / 60 % 24, say(" h", "시간")), (minutes % 60, say(" min", "분")),
        ]
        let largest = units.drop { $0.0 == 0 }.prefix(2).filter { $0.0 > 0 }
        if largest.isEmpty { return say("less than a minute", "1분 미만") }
        return largest.map { "\($0.0)\($0.1)" }.joined(separator: " ")
    }
}
