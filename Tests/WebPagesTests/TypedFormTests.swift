// SPDX-License-Identifier: Apache-2.0

import PageSamples
import Testing
import Timekeeping

@testable import WebPages

@Suite("A form that was refused")
struct TypedFormTests {
    private func shown(_ page: some Page, at address: PageAddress, _ fields: [String: String]) -> String {
        var context = PageContext(language: .english, now: Timestamp(milliseconds: 0))
        context.typed = TypedForm(address: address.text, fields: fields)
        return String(decoding: page.render(context), as: UTF8.self)
    }

    @Test("What starts a workflow is open, with what was chosen, typed and ticked; the other forms are as ever")
    func start() {
        let form = StartForm(
            path: "a.yml", name: "A",
            inputs: [
                .init(name: "place", kind: .choice(["staging", "production"]), standard: "staging"),
                .init(name: "dry", kind: .flag, standard: "true"), .init(name: "note", kind: .text),
            ])
        var other = form
        other.path = "b.yml"
        let page = ProjectPage(name: "team/shop", rows: [], startable: [form, other])
        let text = shown(
            page, at: PageAddress("projects", "team/shop", "runs"),
            [
                "workflow": "a.yml", "ref": "nowhere", "input.place": "production", "input.dry": "false",
                "input.note": "<b>",
            ])
        for part in [
            "value=\"nowhere\"", "value=\"production\" selected", "value=\"&lt;b&gt;\"", "value=\"staging\" selected",
        ] { #expect(text.split(separator: part).count == 2, "\(part)") }
        #expect(text.split(separator: " checked").count == 2)
        #expect(text.split(separator: "<details open>").count == 2)
    }

    @Test("A secret is not shown again, and nothing of one form stands in another")
    func secrets() {
        let page = ConnectionPage(
            project: "web", repository: "https://a.test/x", forge: ("git", [("git", "git")]), branch: "main")
        let fields = ["branch": "typed", "credential": "planted", "statusToken": "planted"]
        let text = shown(page, at: PageAddress("settings", "projects", "web"), fields)
        #expect(text.contains("value=\"typed\"") && !text.contains("planted"))
        #expect(!shown(page, at: PageAddress("settings", "projects", "api"), fields).contains("typed"))
    }
}
