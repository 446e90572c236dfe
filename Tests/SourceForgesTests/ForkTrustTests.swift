// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPMessages
import SourceForges
import StructuredData
import Testing

@Suite("Trust in a pull request")
struct ForkTrustTests {
    private func request(_ association: AuthorAssociation?, isFork: Bool = true) throws -> ForgePullRequest {
        var request = try #require(try Payloads.event("github/pull-request-opened").pullRequest)
        request.association = association
        request.isFork = isFork
        return request
    }

    @Test("Who needs approval under which setting", arguments: AuthorAssociation.allCases)
    func rule(association: AuthorAssociation) throws {
        let request = try request(association)
        #expect(ForkTrust(request, .always).isApprovalNeeded)
        let members: Set<AuthorAssociation> = [.owner, .member, .collaborator]
        #expect(ForkTrust(request, .neverForMembers).isApprovalNeeded == !members.contains(association))
        let known = members.union([.contributor])
        #expect(ForkTrust(request, .firstTimeContributors).isApprovalNeeded == !known.contains(association))
    }

    @Test("A branch of the repository itself needs none; what is not known does")
    func unknown() throws {
        for setting in ForkTrust.Setting.allCases {
            #expect(try !ForkTrust(request(AuthorAssociation.none, isFork: false), setting).isApprovalNeeded)
            #expect(try ForkTrust(request(nil), setting).isApprovalNeeded)
        }
        #expect(try !ForkTrust(request(nil), .neverForMembers, association: .collaborator).isApprovalNeeded)
        #expect(try !ForkTrust(request(.contributor), .neverForMembers, association: .member).isApprovalNeeded)
    }

    @Test("It says why")
    func reasons() throws {
        #expect(
            try ForkTrust(request(.firstTimeContributor), .firstTimeContributors).reason
                == "The pull request comes from the fork wren/tern; 'wren' is a first-time contributor, and first-time contributors' runs wait for approval."
        )
        #expect(
            try ForkTrust(request(.member), .neverForMembers).reason
                == "The pull request comes from the fork wren/tern; 'wren' is a member, and runs of its members need no approval."
        )
        #expect(try ForkTrust(request(nil), .always).reason.contains("does not say"))
        #expect(
            try ForkTrust(request(AuthorAssociation.none, isFork: false), .always).reason.contains("repository itself"))
    }

    @Test("A forge is asked who may push, and only that makes a collaborator")
    func lookups() async throws {
        func lookup(_ forge: ForgeKind) throws -> MembershipLookup {
            MembershipLookup(try ForgeAddress(forge, server: "https://git.example.com"), token: "t")
        }
        @Sendable func answer(_ text: String, _ status: Int = 200) -> HTTPAnswer {
            HTTPAnswer(status: status, body: Array(text.utf8))
        }
        let github = try lookup(.github)
        #expect(
            github.call(login: "wren", repository: "lark/tern").url
                == "https://git.example.com/api/v3/repos/lark/tern/collaborators/wren/permission")
        for (permission, expected) in [
            ("admin", AuthorAssociation.collaborator), ("write", .collaborator), ("read", nil), ("none", nil),
        ] {
            #expect(github.association(answer(#"{"permission":"\#(permission)"}"#), login: "wren") == expected)
        }
        #expect(try lookup(.gitea).association(answer(#"{"permission":"owner"}"#), login: "wren") == .owner)
        #expect(github.association(answer(#"{"permission":"admin"}"#, 404), login: "wren") == nil)
        #expect(github.association(answer("<html>"), login: "wren") == nil)
        let gitlab = try lookup(.gitlab)
        #expect(
            gitlab.call(login: "wr&n", repository: "birds/shore/tern").url
                == "https://git.example.com/api/v4/projects/birds%2Fshore%2Ftern/members/all?per_page=100&query=wr%26n")
        let members =
            #"[{"username":"wren2","access_level":50},{"username":"Wren","access_level":30,"state":"active"}]"#
        #expect(gitlab.association(answer(members), login: "wren") == .member)
        #expect(gitlab.association(answer(#"[{"username":"wren","access_level":20}]"#), login: "wren") == nil)
        #expect(
            gitlab.association(answer(#"[{"username":"wren","access_level":40,"state":"blocked"}]"#), login: "wren")
                == nil)
        let found = try await gitlab.association(login: "wren", repository: "a/b") { _ throws(DiagnosticError) in
            answer(members)
        }
        #expect(found == .member)
    }
}

@Suite("Words that keep a commit from starting anything")
struct SkipMarkerTests {
    @Test(
        "The five in brackets count anywhere, whatever their capitals",
        arguments: [
            "[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]",
        ])
    func brackets(marker: String) {
        #expect(SkipMarker.find(in: "Words \(marker) only") == marker)
        #expect(SkipMarker.find(in: "Words\n\nlong \(marker.uppercased())\n") == marker)
    }

    @Test(
        "The trailer counts in the last paragraph",
        arguments: [
            "Words\n\n\nskip-checks: true", "Words\n\n\nskip-checks:true\n\n",
            "Words\n\nSigned-off-by: Robin\nskip-checks: true",
            "Words\r\n\r\n\r\nSkip-Checks: True\r\n",
        ])
    func trailer(message: String) { #expect(SkipMarker.find(in: message) == "skip-checks: true") }

    @Test(
        "Nothing else counts",
        arguments: [
            "", "Words", "skip ci", "[skip  ci]", "skip-checks: true", "Words\n\nskip-checks: false",
            "Words\n\nskip-checks: true\n\nMore words", "Words\n\nskip-checks", "Words\nskip-checks: true",
            "Never skip-checks: true",
        ])
    func nothing(message: String) { #expect(SkipMarker.find(in: message) == nil) }
}
