// SPDX-License-Identifier: Apache-2.0

/// Projects, approvals, accounts, the audit log, the public status.
extension PageText {
    // A project's runs.
    static var runs: PageText { PageText("Runs", "실행") }
    static var noRuns: PageText { PageText("No runs yet", "아직 실행이 없습니다") }
    static var noRunsBody: PageText {
        PageText(
            "A push starts the workflows that listen to it. Or start one now:", "푸시하면 해당 워크플로가 시작됩니다. 지금 바로 시작하려면:")
    }
    static var noRunsLikeThis: PageText { PageText("No run is like this.", "조건에 맞는 실행이 없습니다.") }
    static var startRun: PageText { PageText("Start a run", "실행 시작") }
    static var workflow: PageText { PageText("Workflow", "워크플로") }
    static var branch: PageText { PageText("Branch", "브랜치") }
    static var stateWord: PageText { PageText("State", "상태") }
    static var any: PageText { PageText("Any", "전체") }
    static var older: PageText { PageText("Older", "이전 항목") }

    // Approvals.
    static var nothingWaits: PageText { PageText("Nothing waits for you", "기다리는 승인이 없습니다") }
    static func waitFor(_ number: Int) -> PageText {
        PageText(
            number == 1 ? "One thing waits for an answer" : "\(number) things wait for an answer",
            "\(number)건이 승인을 기다립니다")
    }
    static var noApprovals: PageText { PageText("All answered", "모두 처리했습니다") }
    static var noApprovalsBody: PageText {
        PageText(
            "A job that deploys to a guarded environment asks here. It can be answered in a terminal as well:",
            "보호된 환경에 배포하는 작업이 여기에 표시됩니다. 터미널에서도 승인할 수 있습니다:")
    }
    static var inputs: PageText { PageText("Inputs:", "입력:") }
    static var asked: PageText { PageText("asked", "요청:") }
    static func replaces(_ version: String) -> PageText {
        PageText("Replaces \(version), which is there now.", "현재 배포된 \(version)을(를) 대체합니다.")
    }
    static var firstThere: PageText {
        PageText("Nothing was deployed there yet.", "아직 배포된 적이 없는 환경입니다.")
    }
    static func andMore(_ number: Int) -> PageText { PageText("and \(number) more", "외 \(number)건") }
    static func takesBack(_ number: Int) -> PageText {
        PageText(
            "Takes back \(count(number, "change", "changes")) that \(number == 1 ? "is" : "are") there now.",
            "현재 배포된 변경 \(number)건을 되돌립니다.")
    }
    static func changesSinceThen(_ number: Int) -> PageText {
        PageText("\(count(number, "change", "changes")) since then", "이후 변경 \(number)건")
    }
    static func votesOf(_ given: Int, _ needed: Int) -> PageText {
        PageText("\(given) of \(needed) have agreed", "\(needed)명 중 \(given)명 승인")
    }
    static func approvedBy(_ person: String) -> PageText { PageText("Approved by \(person)", "\(person) 님이 승인") }
    static func rejectedBy(_ person: String) -> PageText { PageText("Rejected by \(person)", "\(person) 님이 거절") }
    static var expiresAt: PageText { PageText("Ends", "만료:") }
    static var comment: PageText { PageText("Why", "사유") }
    static var commentHint: PageText { PageText("Why (kept with the answer)", "사유 (답변과 함께 기록됩니다)") }
    static var answeredLately: PageText { PageText("Answered lately", "최근 처리") }

    // One's account.
    static var tokens: PageText { PageText("Tokens", "토큰") }
    static var token: PageText { PageText("token", "토큰") }
    static var noTokens: PageText { PageText("No tokens", "토큰이 없습니다") }
    static var noTokensBody: PageText {
        PageText("Programs and the command line sign in with one:", "프로그램과 명령줄은 토큰으로 로그인합니다:")
    }
    static var newToken: PageText { PageText("New token", "새 토큰") }
    static var tokenOnce: PageText {
        PageText("Copy the token now. It is not shown again.", "지금 토큰을 복사하세요. 다시 표시되지 않습니다.")
    }
    static var tokenNameNote: PageText { PageText("What it is for.", "용도를 적으세요.") }
    static var mayDo: PageText { PageText("May do", "권한") }
    static var revoke: PageText { PageText("Revoke", "폐기") }
    static func inDays(_ days: Int) -> PageText { PageText("in \(days) days", "\(days)일 후") }

    // Audit.
    static var actOrPerson: PageText { PageText("Act, person or project", "동작, 사용자, 프로젝트") }
    static var noAudit: PageText { PageText("Nothing is recorded", "기록이 없습니다") }
    static var noAuditBody: PageText {
        PageText("Every change to settings and every act on a run is written down.", "설정 변경과 실행에 대한 모든 동작이 기록됩니다.")
    }
    static var who: PageText { PageText("Who", "사용자") }
    static var act: PageText { PageText("Act", "동작") }
    static var from: PageText { PageText("From", "접속 주소") }

    // The public status and search.
    static func statusOf(_ project: String, isGood: Bool) -> PageText {
        isGood
            ? PageText("\(project) is all right", "\(project): 정상")
            : PageText("\(project) has failures", "\(project): 실패가 있습니다")
    }
    static var asOf: PageText { PageText("As of", "기준 시각:") }
    static var alsoAs: PageText { PageText("Also as", "다른 형식:") }
    static var badge: PageText { PageText("badge", "배지") }
    static func foundCount(_ number: Int) -> PageText {
        PageText(
            number == 0 ? "Nothing found" : count(number, "match", "matches"), "검색 결과 \(NumberText.grouped(number))건")
    }
    static var searchWord: PageText { PageText("Search", "검색") }
    static var line: PageText { PageText("Line", "줄") }
    static var textWord: PageText { PageText("Text", "내용") }
}
