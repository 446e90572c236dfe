// SPDX-License-Identifier: Apache-2.0

/// Signing in, and error pages.
extension PageText {
    static var signInToMartlet: PageText { PageText("Sign in to Martlet", "Martlet에 로그인") }
    static var accountName: PageText { PageText("Name", "이름") }
    static var password: PageText { PageText("Password", "비밀번호") }
    static func signInWith(_ name: String) -> PageText { PageText("Sign in with \(name)", "\(name)(으)로 로그인") }
    static var wrongPassword: PageText {
        PageText("This name and password do not go together.", "이름 또는 비밀번호가 올바르지 않습니다.")
    }
    static func tooManyTries(_ seconds: Int) -> PageText {
        PageText(
            "Too many tries. Wait \(count(seconds, "second", "seconds")) and try again.",
            "시도 횟수가 너무 많습니다. \(seconds)초 후에 다시 시도하세요.")
    }
    static var noAccounts: PageText { PageText("No account yet", "아직 계정이 없습니다") }
    static var noAccountsBody: PageText {
        PageText(
            "The server prints a link that makes the first one, at each start as long as there is none:",
            "계정이 없는 동안 서버는 시작할 때마다 첫 계정을 만드는 링크를 출력합니다:")
    }
    static var firstAccount: PageText { PageText("The first account", "첫 계정") }
    static func welcome(_ name: String) -> PageText { PageText("Welcome, \(name)", "\(name) 님, 환영합니다") }
    static var linkOver: PageText { PageText("This link is over", "더 이상 쓸 수 없는 링크입니다") }
    static var makeAccount: PageText { PageText("Make the account", "계정 만들기") }
    static var oldPassword: PageText { PageText("Password until now", "현재 비밀번호") }
    static var newPassword: PageText { PageText("New password", "새 비밀번호") }
    static var setPassword: PageText { PageText("Set the password", "비밀번호 설정") }
    static var mailAddress: PageText { PageText("Mail address", "이메일 주소") }
    static var passwordNote: PageText {
        PageText("At least 10 characters; several words are easiest.", "10자 이상. 여러 단어를 이어 쓰면 쉽습니다.")
    }
    static var approve: PageText { PageText("Approve", "승인") }
    static var reject: PageText { PageText("Reject", "거절") }
    static var badRequest: PageText { PageText("This request cannot be understood", "요청을 이해할 수 없습니다") }
    static var signInFirst: PageText { PageText("Sign in to see this", "로그인이 필요합니다") }
    static var notAllowed: PageText { PageText("You may not do this", "권한이 없습니다") }
    static var notFound: PageText { PageText("There is nothing here", "페이지를 찾을 수 없습니다") }
    static var conflict: PageText { PageText("Something else came first", "다른 변경이 먼저 이루어졌습니다") }
    static var tooMany: PageText { PageText("Too many requests", "요청이 너무 많습니다") }
    static var unavailable: PageText { PageText("Not just now", "지금은 처리할 수 없습니다") }
    static var serverFault: PageText { PageText("The server failed", "서버에 오류가 발생했습니다") }
    static var whatToDo: PageText { PageText("What to do", "해결 방법") }
}
