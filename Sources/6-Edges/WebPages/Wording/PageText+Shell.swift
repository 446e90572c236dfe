// SPDX-License-Identifier: Apache-2.0

/// What stands in the frame of every page, and words that all rooms use.
extension PageText {
    static var skipToContent: PageText { PageText("Skip to content", "본문으로 건너뛰기") }
    static var rooms: PageText { PageText("Rooms", "메뉴") }
    static var overview: PageText { PageText("Overview", "개요") }
    static var approvals: PageText { PageText("Approvals", "승인") }
    static var settings: PageText { PageText("Settings", "설정") }
    static var audit: PageText { PageText("Audit", "감사 기록") }
    static var goTo: PageText { PageText("Go to", "이동") }
    /// Placeholder, nothing found, the help's title: read by the page's module.
    static var paletteWords: PageText {
        PageText("Project, run or action…|Nothing of that name|Keys", "프로젝트, 실행, 동작…|찾는 이름이 없습니다|단축키")
    }
    static var preferences: PageText { PageText("Account and appearance", "계정과 화면 설정") }
    static var theme: PageText { PageText("Theme", "테마") }
    static var themeSystem: PageText { PageText("System", "시스템") }
    static var themeLight: PageText { PageText("Light", "밝게") }
    static var themeDark: PageText { PageText("Dark", "어둡게") }
    static var yourAccount: PageText { PageText("Your account", "내 계정") }
    static var signOut: PageText { PageText("Sign out", "로그아웃") }
    static var signIn: PageText { PageText("Sign in", "로그인") }
    static var timesAre: PageText { PageText("As of", "기준 시각:") }
    static var copy: PageText { PageText("Copy", "복사") }
    static var copied: PageText { PageText("Copied", "복사됨") }
    static var copyHash: PageText { PageText("Copy the whole hash", "전체 해시 복사") }
    static var copyPlace: PageText { PageText("Copy file and line", "파일과 줄 번호 복사") }
    static var showNewer: PageText { PageText("Show what is newer", "새 내용 보기") }
    /// The count is put in by the page's module.
    static var countNewer: PageText { PageText("# newer", "새 항목 #개") }
    static var whereThisIs: PageText { PageText("Where this is", "현재 위치") }
    static var previousPage: PageText { PageText("Previous page", "이전 페이지") }
    static var nextPage: PageText { PageText("Next page", "다음 페이지") }
    static var pages: PageText { PageText("Pages", "페이지") }
    static var never: PageText { PageText("never", "없음") }
    static var name_: PageText { PageText("Name", "이름") }
    static var size: PageText { PageText("Size", "크기") }
    static var files: PageText { PageText("Files", "파일 수") }
    static var digest: PageText { PageText("Digest", "다이제스트") }
    static var expires: PageText { PageText("Expires", "만료") }
    static var time: PageText { PageText("Time", "시각") }
    static var event: PageText { PageText("Event", "이벤트") }
    static var what: PageText { PageText("What happened", "내용") }
    static var sequence: PageText { PageText("No.", "번호") }
    static var filter: PageText { PageText("Filter", "필터") }
    static var toOverview: PageText { PageText("To the overview", "개요로 가기") }

    // States.
    static var passed: PageText { PageText("Passed", "성공") }
    static var failed: PageText { PageText("Failed", "실패") }
    static var running: PageText { PageText("Running", "실행 중") }
    static var waiting: PageText { PageText("Waiting", "대기 중") }
    static var skipped: PageText { PageText("Skipped", "건너뜀") }
    static var cancelled: PageText { PageText("Cancelled", "취소됨") }
    static var incomplete: PageText { PageText("Incomplete", "일부 미실행") }
    static var blocked: PageText { PageText("Needs you", "승인 필요") }

    // Levels of findings.
    static var error: PageText { PageText("Error", "오류") }
    static var warning: PageText { PageText("Warning", "경고") }
    static var notice: PageText { PageText("Notice", "알림") }
    static var errorColon: PageText { PageText("Error: ", "오류: ") }
    static var warningColon: PageText { PageText("Warning: ", "경고: ") }
    static var noticeColon: PageText { PageText("Notice: ", "알림: ") }

    /// A duration alone.
    static func span(_ milliseconds: Int64) -> PageText {
        PageText(
            TimeText.duration(milliseconds: milliseconds, in: .english),
            TimeText.duration(milliseconds: milliseconds, in: .korean))
    }
}
