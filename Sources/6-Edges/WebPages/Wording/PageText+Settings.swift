// SPDX-License-Identifier: Apache-2.0

/// The settings, one's account, the audit log.
extension PageText {
    static var people: PageText { PageText("People", "사용자") }
    static var runners: PageText { PageText("Runners", "러너") }
    static var secrets: PageText { PageText("Secrets", "시크릿") }
    static var environments: PageText { PageText("Environments", "환경") }
    static var outgoingHooks: PageText { PageText("Outgoing webhooks", "발신 웹훅") }
    static var add: PageText { PageText("Add", "추가") }
    static var create: PageText { PageText("Create", "만들기") }
    static var remove: PageText { PageText("Remove", "삭제") }
    static var change: PageText { PageText("Change", "변경") }
    static var actions: PageText { PageText("Actions", "작업") }
    static var place: PageText { PageText("Where", "위치") }
    static var value: PageText { PageText("Value", "값") }
    static var role: PageText { PageText("Role", "역할") }
    static var lastSeen: PageText { PageText("Last seen", "마지막 접속") }
    static var lastUsed: PageText { PageText("Last used", "마지막 사용") }
    static var changed: PageText { PageText("Changed", "변경됨") }
    static var disabled: PageText { PageText("disabled", "비활성") }
    static var enable: PageText { PageText("Enable", "활성화") }
    static var disable: PageText { PageText("Disable", "비활성화") }
    static var you: PageText { PageText("you", "나") }
    static var project: PageText { PageText("Project", "프로젝트") }
    static var address: PageText { PageText("Address", "주소") }

    // Projects.
    static var repository: PageText { PageText("Repository", "저장소") }
    static var deliveries: PageText { PageText("Last event", "마지막 이벤트") }
    static var publicWord: PageText { PageText("public status", "상태 공개") }
    static var hookAddress: PageText { PageText("Webhook:", "웹훅 주소:") }
    static var addProject: PageText { PageText("Add a project", "프로젝트 추가") }
    static var projectNameNote: PageText {
        PageText(
            "Letters, digits, dots, dashes, underscores, and slashes between parts: team/web.",
            "영문자, 숫자, 점, 하이픈, 밑줄. 슬래시로 구분할 수 있습니다(team/web).")
    }
    static var repositoryNote: PageText { PageText("As git clones it.", "git clone에 쓰는 주소입니다.") }
    static var publicStatus: PageText {
        PageText("Show state and badge to everybody", "상태와 배지를 모두에게 공개")
    }

    // People.
    static var members: PageText { PageText("Members", "구성원") }
    static var noMembers: PageText { PageText("Nobody has a role here", "역할을 가진 사용자가 없습니다") }
    static var noMembersBody: PageText {
        PageText("Administrators of the server may do everything anyway.", "서버 관리자는 역할 없이도 모든 작업을 할 수 있습니다.")
    }
    static var addMember: PageText { PageText("Give somebody a role", "역할 부여") }
    static var addPerson: PageText { PageText("Add a person", "사용자 추가") }
    static var firstPasswordNote: PageText {
        PageText("Ten characters or more.", "10자 이상.")
    }

    // Runners.
    static var noRunners: PageText { PageText("No runner yet", "아직 러너가 없습니다") }
    static var noRunnersBody: PageText {
        PageText("Jobs wait until a machine offers itself:", "러너가 등록될 때까지 작업은 대기합니다:")
    }
    static var labels: PageText { PageText("Labels", "레이블") }
    static var doing: PageText { PageText("Doing", "현재 작업") }
    static var online: PageText { PageText("online", "온라인") }
    static var offline: PageText { PageText("offline", "오프라인") }
    static var paused: PageText { PageText("takes no new job", "새 작업 받지 않음") }
    static var pause: PageText { PageText("Pause", "일시 중지") }
    static var resume: PageText { PageText("Resume", "재개") }
    static var ownRunner: PageText { PageText("this server", "이 서버") }
    static var newRunner: PageText { PageText("Register a runner", "러너 등록") }
    static var runnerTokenOnce: PageText {
        PageText(
            "Run this on the new machine within a day. The token works once and is not shown again.",
            "새 컴퓨터에서 하루 안에 실행하세요. 토큰은 한 번만 쓸 수 있고 다시 표시되지 않습니다.")
    }
    static var whyJobsWait: PageText { PageText("Why jobs wait", "작업이 대기하는 이유") }
    static func capacityOf(_ used: Int, _ all: Int) -> PageText { PageText("\(used) of \(all)", "\(all)개 중 \(used)개") }

    // Secrets.
    static var noSecrets: PageText { PageText("No secrets yet", "아직 시크릿이 없습니다") }
    static var noSecretsBody: PageText {
        PageText("Workflows read them as secrets.NAME.", "워크플로에서 secrets.NAME으로 읽습니다.")
    }
    static var setSecret: PageText { PageText("Set a secret", "시크릿 설정") }
    static var secretNameNote: PageText {
        PageText("Capital letters, digits and underscores.", "대문자, 숫자, 밑줄만 쓸 수 있습니다.")
    }
    static var secretValueNote: PageText {
        PageText("It is encrypted and never shown again.", "암호화되어 저장되며 다시 표시되지 않습니다.")
    }

    // Environments.
    static var environment: PageText { PageText("Environment", "환경") }
    static var noEnvironments: PageText { PageText("No environments yet", "아직 환경이 없습니다") }
    static var noEnvironmentsBody: PageText {
        PageText("An environment says who has to agree to a deployment.", "환경은 배포에 누구의 승인이 필요한지 정합니다.")
    }
    static var rules: PageText { PageText("Rules", "규칙") }
    static var lastDeployment: PageText { PageText("Last deployment", "마지막 배포") }
    static func votesRule(_ votes: Int, _ people: String) -> PageText {
        PageText("\(votes) of \(people) must agree", "\(people) 중 \(votes)명 승인 필요")
    }
    static var notOwnChange: PageText { PageText("not to one's own change", "자신의 변경은 승인 불가") }
    static var noApprovalNeeded: PageText { PageText("No approval needed", "승인 불필요") }
    static func waitsFirst(_ milliseconds: Int64) -> PageText {
        let span = span(milliseconds)
        return PageText("Waits \(span.english) first", "먼저 \(span.korean) 대기")
    }
    static var onlyFrom: PageText { PageText("Only from", "허용 브랜치:") }
    static var addEnvironment: PageText { PageText("Add an environment", "환경 추가") }
    static var approvers: PageText { PageText("Approvers", "승인자") }
    static var approversNote: PageText {
        PageText("Names, with commas between; empty: all with the role approve.", "이름을 쉼표로 구분. 비워 두면 approve 역할 모두.")
    }
    static var votesNeeded: PageText { PageText("How many have to agree", "필요한 승인 수") }
    static var allowSelfApproval: PageText { PageText("Authors may approve their own change", "작성자의 자기 승인 허용") }
    static var branches: PageText { PageText("Branches", "브랜치") }
    static var branchesNote: PageText { PageText("Patterns; empty: all.", "패턴. 비워 두면 모두 허용합니다.") }

    // Outgoing webhooks.
    static var noHooks: PageText { PageText("No webhooks yet", "아직 웹훅이 없습니다") }
    static var noHooksBody: PageText {
        PageText("Other programs hear of runs by signed requests.", "다른 프로그램에 실행 소식을 서명된 요청으로 알립니다.")
    }
    static var hookSecretOnce: PageText {
        PageText("The signing secret. It is not shown again.", "서명 시크릿입니다. 다시 표시되지 않습니다.")
    }
    static var twoSecrets: PageText { PageText("two secrets active", "시크릿 2개 사용 중") }
    static var test: PageText { PageText("Send a test", "테스트 전송") }
    static var rotate: PageText { PageText("Rotate the secret", "시크릿 교체") }
    static var allEvents: PageText { PageText("All events", "모든 이벤트") }
    static var noDeliveries: PageText { PageText("Nothing was sent yet.", "아직 보낸 것이 없습니다.") }
    static var answer: PageText { PageText("Answer", "응답") }
    static var noAnswer: PageText { PageText("no answer", "응답 없음") }
    static func tries(_ number: Int) -> PageText { PageText(count(number, "try", "tries"), "\(number)회 시도") }
    static var redeliver: PageText { PageText("Send again", "다시 보내기") }
    static var addHook: PageText { PageText("Add a webhook", "웹훅 추가") }
    static var hookNote: PageText {
        PageText("HTTPS. Requests are signed as Standard Webhooks has it.", "HTTPS 주소. Standard Webhooks 방식으로 서명합니다.")
    }
    static var events: PageText { PageText("Events", "이벤트") }
    static var eventsNote: PageText {
        PageText(
            "run.finished, approval.requested, … with commas between; empty: all.",
            "run.finished, approval.requested 등을 쉼표로 구분. 비워 두면 모두.")
    }
    static var save: PageText { PageText("Save", "저장") }
    static var whatIsKept: PageText { PageText("What is kept, and how long", "보관 기간") }
    static var retentionNote: PageText {
        PageText(
            "Days, as 30, or forever. What is empty is as the server has it.",
            "일수(예: 30) 또는 forever. 비워 두면 서버 설정을 따릅니다.")
    }
    static var runDays: PageText { PageText("Runs", "실행") }
    static var logDays: PageText { PageText("Logs", "로그") }
    static var artifactDays: PageText { PageText("Artifacts", "아티팩트") }
    static var keepLast: PageText {
        PageText("Newest runs of each workflow that stay whole", "워크플로별로 항상 보관할 최근 실행 수")
    }
    static var forge: PageText { PageText("Forge", "포지") }
    static var newHookSecret: PageText { PageText("New webhook secret", "새 웹훅 시크릿") }
    static var projectSecretOnce: PageText {
        PageText(
            "Give the forge this secret now. It is not shown again; the one before holds until the next is made.",
            "지금 포지에 이 시크릿을 등록하세요. 다시 표시되지 않으며, 이전 시크릿은 다음 것을 만들 때까지 유효합니다.")
    }
    static var waitMinutes: PageText { PageText("Minutes to wait before", "배포 전 대기 시간(분)") }
}
