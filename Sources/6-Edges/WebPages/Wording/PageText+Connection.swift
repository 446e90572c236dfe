// SPDX-License-Identifier: Apache-2.0

/// A project's connection to its repository and its forge, and what came over it.
extension PageText {
    static var connection: PageText { PageText("Connection", "연결") }
    static var credential: PageText { PageText("Credential", "자격 증명") }
    static var credentialNote: PageText {
        PageText(
            "For a private repository: a token or a password over HTTPS, a private key over SSH. It is sealed and never shown again.",
            "비공개 저장소용: HTTPS는 토큰이나 비밀번호, SSH는 개인 키. 암호화되어 저장되며 다시 표시되지 않습니다.")
    }
    static var credentialKept: PageText {
        PageText(
            "One is kept. What is written here takes its place.", "저장된 값이 있습니다. 여기에 입력하면 교체됩니다.")
    }
    static var forgetCredential: PageText { PageText("Forget the credential", "자격 증명 삭제") }
    static var credentialUser: PageText { PageText("User name", "사용자 이름") }
    static var credentialUserNote: PageText {
        PageText("Over HTTPS, beside the credential; forges take any.", "HTTPS에서 자격 증명과 함께 씁니다. 포지는 아무 이름이나 받습니다.")
    }
    static var statusToken: PageText { PageText("Token for commit statuses", "커밋 상태용 토큰") }
    static var statusTokenNote: PageText {
        PageText(
            "Left out, the credential is used. It is sealed and never shown again.",
            "비워 두면 자격 증명을 씁니다. 암호화되어 저장되며 다시 표시되지 않습니다.")
    }
    static var statusTokenKept: PageText { credentialKept }
    static var forgetStatusToken: PageText { PageText("Forget the token for statuses", "상태용 토큰 삭제") }
    static var apiAddress: PageText { PageText("Address of the API", "API 주소") }
    static var apiAddressNote: PageText {
        PageText("Only where it is not the usual one of the forge.", "포지의 기본 주소와 다를 때만 입력합니다.")
    }

    static var incoming: PageText { PageText("What came in", "수신 내역") }
    static var noIncoming: PageText { PageText("Nothing came yet", "아직 수신한 것이 없습니다") }
    static var noIncomingBody: PageText {
        PageText(
            "Webhooks, polls, schedules and dispatches stand here, with what became of them.",
            "웹훅, 폴링, 예약, 수동 시작과 그 결과가 여기에 표시됩니다.")
    }
    static var outcomeOfEvent: PageText { PageText("What became of it", "결과") }
    static var workAgain: PageText { PageText("Work it again", "다시 처리") }
    static func moreWorkflows(_ number: Int) -> PageText {
        PageText("and " + count(number, "workflow more", "workflows more"), "외 워크플로 \(number)개")
    }
}
