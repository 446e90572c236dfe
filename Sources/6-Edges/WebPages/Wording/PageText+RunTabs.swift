// SPDX-License-Identifier: Apache-2.0

/// What stands under a run's tabs.
extension PageText {
    static var noTests: PageText { PageText("No test reports", "테스트 보고서가 없습니다") }
    static var noTestsBody: PageText {
        PageText(
            "JUnit reports that a job leaves are read by themselves. For Swift packages:",
            "작업이 남긴 JUnit 보고서를 자동으로 읽습니다. Swift 패키지의 예:")
    }
    static func allTests(_ number: Int) -> PageText {
        PageText("All \(NumberText.grouped(number))", "전체 \(NumberText.grouped(number))")
    }
    static func failedCount(_ number: Int) -> PageText {
        PageText("\(NumberText.grouped(number)) failed", "실패 \(NumberText.grouped(number))")
    }
    static func passedCount(_ number: Int) -> PageText {
        PageText("\(NumberText.grouped(number)) passed", "성공 \(NumberText.grouped(number))")
    }
    static func skippedCount(_ number: Int) -> PageText {
        PageText("\(NumberText.grouped(number)) skipped", "건너뜀 \(NumberText.grouped(number))")
    }
    static var newFailure: PageText { PageText("new", "새 실패") }
    static var flaky: PageText { PageText("flaky", "불안정") }
    static func failedOf(_ failed: Int, _ all: Int) -> PageText {
        PageText("Failed in \(failed) of the last \(all) runs", "최근 \(all)회 중 \(failed)회 실패")
    }

    static var noAnnotations: PageText { PageText("No annotations", "주석이 없습니다") }
    static var noAnnotationsBody: PageText {
        PageText(
            "Compiler messages are found by themselves; a step can also write one:",
            "컴파일러 메시지는 자동으로 수집됩니다. 단계에서 직접 남길 수도 있습니다:")
    }
    static var noArtifacts: PageText { PageText("No artifacts", "아티팩트가 없습니다") }
    static var noArtifactsBody: PageText {
        PageText(
            "Steps keep files with actions/upload-artifact. What a run has is listed by:",
            "단계에서 actions/upload-artifact로 파일을 보관합니다. 목록을 보는 명령:")
    }
    static var noSummary: PageText { PageText("No summary", "요약이 없습니다") }
    static var noSummaryBody: PageText {
        PageText("A step writes Markdown to its summary file:", "단계에서 요약 파일에 Markdown을 씁니다:")
    }

    static var workflowFile: PageText { PageText("Workflow", "워크플로 파일") }
    static var planDigest: PageText { PageText("Plan", "계획 다이제스트") }
    static var planDigestMeaning: PageText {
        PageText(
            " The same digest on a laptop means that the same would run there.",
            " 로컬에서 같은 다이제스트가 나오면 실행 내용도 같습니다.")
    }
    static var willRun: PageText { PageText("runs", "실행") }
    static var willNotRun: PageText { PageText("left out", "제외") }

    // The log's page.
    static func lineCount(_ number: Int) -> PageText {
        PageText(count(number, "line", "lines"), "\(NumberText.grouped(number))줄")
    }
    static func linesOf(_ first: Int, _ last: Int, _ all: Int) -> PageText {
        let range = "\(NumberText.grouped(first))–\(NumberText.grouped(last))"
        return PageText("Lines \(range) of \(NumberText.grouped(all))", "\(NumberText.grouped(all))줄 중 \(range)줄")
    }
    static var searchRun: PageText { PageText("Search all logs of this run", "이 실행의 모든 로그에서 검색") }
    static var regex: PageText { PageText("Regex", "정규식") }
    static var previous: PageText { PageText("Previous", "이전") }
    static var next: PageText { PageText("Next", "다음") }
    static var follow: PageText { PageText("Follow", "따라가기") }
    static var times: PageText { PageText("Times", "시각") }
    static var copyLink: PageText { PageText("Copy link", "링크 복사") }
    static var raw: PageText { PageText("Raw", "원문") }
    static var download: PageText { PageText("Download", "내려받기") }
    static var matches: PageText { PageText("Matches", "검색 결과") }
    /// No match, one, many: read by the page's module.
    static var searchWords: PageText { PageText("no match|1 match|# matches|not a pattern", "결과 없음|1건|#건|잘못된 정규식") }
    /// Lines: read by the page's module for a log that grows.
    static var viewerWords: PageText { PageText("# lines|finished", "#줄|완료") }
}
