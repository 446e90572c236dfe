// SPDX-License-Identifier: Apache-2.0

/// A run's page.
extension PageText {
    static func verdictFailed(_ place: String, _ afterMs: Int64, _ failed: Int, _ new: Int) -> PageText {
        let span = span(afterMs)
        let english = "Failed in \(place) after \(span.english)"
        let korean = "\(place)에서 \(span.korean) 만에 실패"
        guard failed > 0 else { return PageText(english, korean) }
        let ofThem =
            new == 0 ? "" : new == failed ? ", \(failed == 1 ? "a new one" : "all new")" : ", \(new) of them new"
        return PageText(
            "\(english): \(count(failed, "test", "tests")) failed\(ofThem)",
            "\(korean): 테스트 \(failed)개 실패" + (new == 0 ? "" : " (새로 실패 \(new)개)"))
    }
    static func verdictPassed(_ jobs: Int, _ inMs: Int64, _ tests: Int) -> PageText {
        let span = span(inMs)
        return PageText(
            "Passed in \(span.english): \(count(jobs, "job", "jobs"))"
                + (tests > 0 ? ", \(count(tests, "test", "tests"))" : ""),
            "\(span.korean) 만에 성공: 작업 \(jobs)개" + (tests > 0 ? ", 테스트 \(NumberText.grouped(tests))개" : ""))
    }
    static func verdictIncomplete(_ job: String, _ reason: String?, _ others: Int) -> PageText {
        let why = reason.map { ": \($0)" } ?? ""
        return PageText(
            "Incomplete: \(job) could not run" + (others > 0 ? ", and \(others) more" : "") + why,
            "일부 미실행: \(job)" + (others > 0 ? " 외 \(others)개" : "") + " 작업을 실행할 수 없었습니다" + why)
    }
    static func verdictRunning(_ done: Int, _ jobs: Int, _ leftMs: Int64?) -> PageText {
        let left = leftMs.map { timeLeft($0) }
        return PageText(
            "Running: \(done) of \(count(jobs, "job", "jobs")) done" + (left.map { ", \($0.english)" } ?? ""),
            "실행 중: 작업 \(jobs)개 중 \(done)개 완료" + (left.map { ", \($0.korean)" } ?? ""))
    }
    static func verdictBlocked(_ environment: String) -> PageText {
        PageText("Waits for an approval to \(environment)", "\(environment) 배포 승인을 기다리고 있습니다")
    }
    static func verdictHeld(_ sentence: String) -> PageText {
        PageText("Waits for an approval: \(sentence)", "승인을 기다리고 있습니다: \(sentence)")
    }
    static func verdictCancelled(_ by: String?, _ afterMs: Int64) -> PageText {
        let span = span(afterMs)
        return PageText(
            "Cancelled\(by.map { " by \($0)" } ?? "") after \(span.english)",
            "\(by.map { "\($0)에 의해 " } ?? "")\(span.korean) 후 취소됨")
    }
    static func verdictSkipped(_ sentence: String) -> PageText {
        PageText("Skipped: \(sentence)", "건너뜀: \(sentence)")
    }

    static func brokeHere(_ branch: String) -> PageText {
        PageText("This change broke \(branch).", "이 변경으로 \(branch) 브랜치가 깨졌습니다.")
    }
    static func lastPassed(_ run: Int) -> PageText { PageText("Run \(run) passed.", "실행 \(run)은(는) 성공했습니다.") }
    static func brokenSince(_ branch: String, _ run: Int) -> PageText {
        PageText("\(branch) has been broken since run \(run)", "\(branch) 브랜치는 실행 \(run)부터 깨져 있습니다")
    }
    static func fixedHere(_ branch: String) -> PageText {
        PageText("This change mended \(branch).", "이 변경으로 \(branch) 브랜치가 복구되었습니다.")
    }
    static func wasBrokenSince(_ run: Int) -> PageText {
        PageText("Broken since run \(run).", "실행 \(run)부터 깨져 있었습니다.")
    }
    static func runNumber(_ run: Int) -> PageText { PageText("run \(run)", "실행 \(run)") }
    static var took: PageText { PageText("took", "소요 시간") }
    static var runsFor: PageText { PageText("running for", "경과 시간") }
    static var attempts: PageText { PageText("Attempts", "시도") }
    static var attempt: PageText { PageText("Attempt", "시도") }
    static func attemptNumber(_ number: Int) -> PageText { PageText("attempt \(number)", "시도 \(number)") }
    static var rerunFailed: PageText { PageText("Re-run failed jobs", "실패한 작업 다시 실행") }
    static var rerunFrom: PageText { PageText("Re-run from…", "다음부터 다시 실행…") }
    static var rerunFromJob: PageText { PageText("Run again from this job", "다시 실행을 시작할 작업") }
    static func rerunPoint(_ runs: Int, _ reuses: Int) -> PageText {
        PageText(
            "\(count(runs, "job runs", "jobs run")), \(reuses) taken over", "작업 \(runs)개 실행, \(reuses)개 결과 재사용")
    }
    static var rerunAll: PageText { PageText("All jobs", "모든 작업") }
    static var rerun: PageText { PageText("Re-run", "다시 실행") }
    static var cancelRun: PageText { PageText("Cancel", "취소") }
    static var forceCancel: PageText { PageText("End at once", "즉시 종료") }
    static func verdictCancelling(_ by: String?, _ done: Int, _ jobs: Int) -> PageText {
        PageText(
            "Being cancelled\(by.map { " by \($0)" } ?? ""): \(done) of \(count(jobs, "job", "jobs")) over",
            "\(by.map { "\($0)에 의해 " } ?? "")취소하는 중: 작업 \(jobs)개 중 \(done)개 종료")
    }
    static var firstFailure: PageText { PageText("First failure", "첫 번째 실패") }
    static var openLog: PageText { PageText("Open the log", "로그 열기") }
    static var views: PageText { PageText("Views", "보기") }
    static var tabGraph: PageText { PageText("Graph", "그래프") }
    static var tabTimeline: PageText { PageText("Timeline", "타임라인") }
    static var tabTests: PageText { PageText("Tests", "테스트") }
    static var tabAnnotations: PageText { PageText("Annotations", "주석") }
    static var tabArtifacts: PageText { PageText("Artifacts", "아티팩트") }
    static var tabSummary: PageText { PageText("Summary", "요약") }
    static var tabPlan: PageText { PageText("Plan", "계획") }
    static var tabEvents: PageText { PageText("Events", "이벤트") }

    // Graph and list.
    static var graphLabel: PageText { PageText("Jobs by what they need", "의존 관계별 작업") }
    static func graphTooLarge(_ boxes: Int) -> PageText {
        PageText(
            "\(boxes) jobs are too many to draw. They are all in the list below.",
            "작업 \(boxes)개는 그래프로 그리기에 너무 많습니다. 아래 목록에 모두 있습니다.")
    }
    static func graphFolded(_ jobs: Int) -> PageText {
        PageText("\(jobs) jobs, folded where they stand alike.", "작업 \(jobs)개, 같은 위치의 작업은 접혀 있습니다.")
    }
    static var criticalPath: PageText { PageText("longest chain", "최장 경로") }
    static var unfoldAll: PageText { PageText("Unfold all", "모두 펼치기") }
    static var foldAll: PageText { PageText("Fold", "접기") }
    static func jobCount(_ number: Int) -> PageText { PageText(count(number, "job", "jobs"), "작업 \(number)개") }
    static func legCounts(failed: Int, running: Int, passed: Int, of all: Int) -> PageText {
        let parts: [(Int, String, String)] = [
            (failed, "failed", "실패"), (running, "open", "진행"), (passed, "passed", "성공"),
            (all - failed - running - passed, "not run", "미실행"),
        ]
        let shown = parts.filter { $0.0 > 0 }
        return PageText(
            shown.map { "\($0.0) \($0.1)" }.joined(separator: " · "),
            shown.map { "\($0.2) \($0.0)" }.joined(separator: " · "))
    }
    static var jobs: PageText { PageText("Jobs", "작업") }
    static var noJobs: PageText { PageText("No job ran", "실행된 작업이 없습니다") }
    static var noJobsBody: PageText {
        PageText("Every job was left out. This command says why:", "모든 작업이 제외되었습니다. 이유는 다음 명령으로 확인하세요:")
    }
    static func passedAndSkipped(_ passed: Int, _ skipped: Int) -> PageText {
        PageText(
            "\(passed) passed" + (skipped > 0 ? ", \(skipped) skipped" : ""),
            "성공 \(passed)개" + (skipped > 0 ? ", 건너뜀 \(skipped)개" : ""))
    }
    static func onRunner(_ name: String) -> PageText { PageText("on \(name)", "러너 \(name)") }
    static var steps: PageText { PageText("Steps", "단계") }

    // Timeline.
    static var nothingStarted: PageText { PageText("Nothing has started yet", "아직 시작된 작업이 없습니다") }
    static var nothingStartedBody: PageText {
        PageText("This command says what it waits for:", "무엇을 기다리는지는 다음 명령으로 확인하세요:")
    }
    static func queuedFor(_ milliseconds: Int64) -> PageText {
        let span = span(milliseconds)
        return PageText("Waited \(span.english)", "\(span.korean) 대기")
    }
    static var waitedForRunner: PageText { PageText("For a runner.", "러너 대기.") }
    static var waitedForApproval: PageText { PageText("For an approval.", "승인 대기.") }
    static var legendGate: PageText { PageText("waiting for an approval", "승인 대기") }
    static var setUp: PageText { PageText("set-up", "준비") }
    static var legendQueue: PageText { PageText("waiting", "대기") }
    static var legendSteps: PageText { PageText("steps", "단계") }
    static var legendFailing: PageText { PageText("failed step", "실패한 단계") }
    static var legendMedian: PageText { PageText("median of the last 20", "최근 20회 중앙값") }
    static func medianIs(_ milliseconds: Int64) -> PageText {
        let span = span(milliseconds)
        return PageText("Median of the last 20: \(span.english)", "최근 20회 중앙값: \(span.korean)")
    }
    static func laneLabel(queuedMs: Int64, ranMs: Int64, medianMs: Int64?) -> PageText {
        let (queued, ran, median) = (span(queuedMs), span(ranMs), medianMs.map { medianIs($0) })
        return PageText(
            "Waited \(queued.english), ran \(ran.english)." + (median.map { " \($0.english)." } ?? ""),
            "\(queued.korean) 대기, \(ran.korean) 실행." + (median.map { " \($0.korean)." } ?? ""))
    }
}
