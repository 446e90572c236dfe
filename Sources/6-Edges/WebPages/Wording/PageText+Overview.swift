// SPDX-License-Identifier: Apache-2.0

/// The overview, and what its rows share with other lists.
extension PageText {
    /// The sentence on top of the overview.
    static func pulse(broken: Int, projects: Int) -> PageText {
        switch (broken, projects) {
        case (_, 0): PageText("Nothing is built here yet", "아직 빌드하는 프로젝트가 없습니다")
        case (0, _): PageText("Nothing is broken", "모두 정상입니다")
        default:
            PageText(
                broken == 1 ? "One workflow is broken" : "\(broken) workflows are broken",
                "워크플로 \(broken)개가 깨져 있습니다")
        }
    }

    static func pulseRest(waiting: Int, running: Int, busy: Int, online: Int) -> PageText {
        let english = [
            waiting == 0 ? nil : "\(waiting) wait\(waiting == 1 ? "s" : "") for you",
            running == 0 ? "nothing is running" : "\(count(running, "run", "runs")) going",
            online == 0 ? "no runner is online" : "\(busy) of \(count(online, "runner", "runners")) busy",
        ]
        let korean = [
            waiting == 0 ? nil : "승인 대기 \(waiting)건", running == 0 ? "실행 중인 작업 없음" : "실행 \(running)건 진행 중",
            online == 0 ? "연결된 러너 없음" : "러너 \(online)대 중 \(busy)대 사용 중",
        ]
        let sentence = english.compactMap { $0 }.joined(separator: " · ")
        return PageText(
            sentence.prefix(1).uppercased() + sentence.dropFirst(), korean.compactMap { $0 }.joined(separator: " · "))
    }

    static var noProjects: PageText { PageText("No project yet", "아직 프로젝트가 없습니다") }
    static var noProjectsBody: PageText {
        PageText(
            "A project is a repository whose workflows run here. An administrator adds the first one in the settings.",
            "프로젝트는 이 서버에서 워크플로를 실행할 저장소입니다. 관리자가 설정에서 첫 프로젝트를 추가합니다.")
    }
    static var brokenNow: PageText { PageText("Broken now", "지금 깨진 것") }
    static var waitingForYou: PageText { PageText("Waiting for you", "내 승인을 기다리는 것") }
    static var runningNow: PageText { PageText("Running", "실행 중") }
    static var projects: PageText { PageText("Projects", "프로젝트") }
    static var nothingRuns: PageText { PageText("Nothing is running.", "실행 중인 것이 없습니다.") }
    static var lastRuns: PageText { PageText("Last runs, oldest first", "최근 실행, 오래된 순") }
    static var noRunsYet: PageText { PageText("no runs yet", "실행 없음") }
    static var sinceTime: PageText { PageText("broke", "깨진 시점:") }
    static var forecast: PageText { PageText("Part of the usual duration", "평소 소요 시간 대비 진행률") }

    static func onBranch(_ branch: String) -> PageText { PageText("on \(branch)", "\(branch) 브랜치") }
    static func takenBy(_ person: String) -> PageText { PageText("\(person) is on it", "\(person) 담당") }
    static func toEnvironment(_ name: String) -> PageText { PageText("to \(name)", "\(name) 환경으로") }

    static func timeLeft(_ milliseconds: Int64) -> PageText {
        guard milliseconds > 0 else { return PageText("longer than usual", "평소보다 오래 걸림") }
        guard milliseconds >= 10_000 else { return PageText("a few seconds left", "몇 초 남음") }
        let (english, korean) = about(milliseconds)
        return PageText("\(english) left", "\(korean) 남음")
    }

    /// Forecasts are rounded: to ten seconds, then to minutes.
    static func about(_ milliseconds: Int64) -> (english: String, korean: String) {
        let seconds = max(10, (milliseconds / 1000 + 5) / 10 * 10)
        if seconds < 90 { return ("about \(seconds) s", "약 \(seconds)초") }
        let minutes = (seconds + 30) / 60
        return minutes < 90
            ? ("about \(minutes) min", "약 \(minutes)분") : ("about \(minutes / 60) h", "약 \(minutes / 60)시간")
    }

    static func runMark(_ run: Int, _ state: PageText, _ milliseconds: Int64) -> PageText {
        let span = span(milliseconds)
        return PageText(
            "Run \(run): \(state.english.lowercased()), \(span.english)", "실행 \(run): \(state.korean), \(span.korean)")
    }

    // What started a run.
    static var byPush: PageText { PageText("Pushed", "푸시") }
    static func byPullRequest(_ number: Int) -> PageText { PageText("Pull request #\(number)", "풀 리퀘스트 #\(number)") }
    static func bySchedule(_ line: String) -> PageText { PageText("Scheduled (\(line))", "예약 실행 (\(line))") }
    static func byPerson(_ name: String) -> PageText { PageText("Started by \(name)", "\(name) 님이 시작") }
    static func byToken(_ name: String) -> PageText { PageText("Started by token \(name)", "토큰 \(name)(으)로 시작") }
    static func byRerun(_ person: String, _ attempt: Int) -> PageText {
        PageText("Run again by \(person) after attempt \(attempt)", "시도 \(attempt) 이후 \(person) 님이 다시 실행")
    }
    static func byEvent(_ name: String) -> PageText { PageText("Started by \(name)", "\(name) 이벤트로 시작") }

    // Why something waits.
    static func waitNoRunner(_ label: String, _ nearest: String?) -> PageText {
        PageText(
            "No runner has the label \(label)" + (nearest.map { "; the nearest is \($0)" } ?? ""),
            "레이블 \(label)을(를) 가진 러너가 없습니다" + (nearest.map { ". 가장 비슷한 레이블: \($0)" } ?? ""))
    }
    static func waitBusy(_ number: Int, _ labels: String, _ freeInMs: Int64?) -> PageText {
        let free = freeInMs.map { about($0) }
        let english =
            switch number {
            case 1: "The one runner with \(labels) is busy"
            case 2: "Both runners with \(labels) are busy"
            default: "All \(number) runners with \(labels) are busy"
            }
        return PageText(
            english + (free.map { "; next free in \($0.english)" } ?? ""),
            "\(labels) 러너 \(number)대가 모두 사용 중입니다" + (free.map { ". \($0.korean) 후 사용 가능" } ?? ""))
    }
    static func waitGroup(_ group: String, _ position: Int) -> PageText {
        PageText(
            "Number \(position) in the queue of \(group)", "동시 실행 그룹 \(group)에서 \(position)번째로 대기 중")
    }
    static func waitApproval(_ environment: String) -> PageText {
        PageText("Waits for an approval to \(environment)", "\(environment) 배포 승인을 기다리는 중")
    }
    static func waitNeeds(_ jobs: String) -> PageText { PageText("Waits for \(jobs)", "\(jobs) 완료를 기다리는 중") }
}
