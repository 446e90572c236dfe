// SPDX-License-Identifier: Apache-2.0

import ProblemMatching
import Testing

@Suite("The file of a finding")
struct ProblemPathsTests {
    private static let clone = "[remote \"origin\"]\n\turl = https://github.com/my-org/repo\n"
    private static let files: [String: String] = [
        "/w/a.c": "", "/w/sub/b.c": "", "/w/proj/src/c.cs": "", "/elsewhere/d.c": "",
        "/w/.git/config": "[core]\n", "/w/other/.git/config": "[remote \"origin\"]\n\turl = https://github.com/x/y\n",
        "/w/other/e.c": "", "/w/other/nested/.git/config": clone, "/w/other/nested/deep/f.c": "",
        "/out/ssh/.git/config": "\turl = git@github.com:My-Org/Repo.git\r\n", "/out/ssh/g.c": "", "/h.c": "",
    ]

    private func settled(_ file: String?, fromPath: String? = nil, container: Bool = false) -> (String?, String?) {
        var paths = ProblemPaths(
            .init(
                workspace: "/w", repository: "my-org/repo", fileExists: { Self.files[$0] != nil },
                readText: { Self.files[$0] },
                hostPath: container ? { $0.hasPrefix("/__w/") ? "/w/" + $0.dropFirst(5) : $0 } : nil))
        var finding = ProblemFinding(level: .error, message: "m", owner: "o", text: "t")
        finding.file = file
        finding.fromPath = fromPath
        let first = paths.settle(finding)
        #expect(paths.settle(finding).finding == first.finding, "what is remembered must not change the answer")
        return (first.finding.file, first.remark)
    }

    @Test(
        "is relative to the repository, however it was written",
        arguments: [
            ("a.c", "a.c"), ("/w/a.c", "a.c"), ("./sub/../sub//b.c", "sub/b.c"), ("/w/sub/b.c", "sub/b.c"),
            ("sub/../../w/a.c", "a.c"),
        ])
    func inside(file: String, expected: String) {
        #expect(settled(file).0 == expected)
    }

    @Test(
        "is dropped where it does not exist or lies outside",
        arguments: [
            ("gone.c", "Dropping file value '/w/gone.c'. Path does not exist"),
            ("sub", "Dropping file value '/w/sub'. Path does not exist"),
            ("/elsewhere/d.c", "Dropping file value '/elsewhere/d.c'. Path is not under the workflow repo."),
            ("/h.c", "Dropping file value '/h.c'. Path is not under the workflow repo."),
            ("other/e.c", "Dropping file value '/w/other/e.c'. Path is not under the workflow repo."),
            ("../../etc/passwd", "Dropping file value '/etc/passwd'. Path does not exist"),
        ])
    func dropped(file: String, remark: String) {
        #expect(settled(file) == (nil, remark))
    }

    @Test("may lie in a second clone of the workflow's repository")
    func secondClone() {
        #expect(settled("other/nested/deep/f.c").0 == "deep/f.c")
        #expect(settled("/out/ssh/g.c").0 == "g.c")
    }

    @Test("is looked for beside the project's file")
    func fromPath() {
        #expect(settled("src/c.cs", fromPath: "proj/app.csproj").0 == "proj/src/c.cs")
        #expect(settled("src/c.cs", fromPath: "/w/proj/app.csproj").0 == "proj/src/c.cs")
        #expect(settled("a.c", fromPath: "app.csproj").0 == "a.c")
        #expect(settled("/w/a.c", fromPath: "proj/app.csproj").0 == "a.c")
    }

    @Test("of a container is one of the host")
    func container() {
        #expect(settled("/__w/sub/b.c", container: true).0 == "sub/b.c")
        #expect(settled("sub/b.c", container: true).0 == "sub/b.c")
        #expect(settled("src/c.cs", fromPath: "/__w/proj/app.csproj", container: true).0 == "proj/src/c.cs")
    }

    @Test("is nothing where the match gave none")
    func none() {
        #expect(settled(nil) == (nil, nil))
    }

    @Test("is not looked for without end")
    func depth() {
        let deep = "/x" + String(repeating: "/d", count: 80) + "/f.c"
        var paths = ProblemPaths(.init(workspace: "/w", fileExists: { $0 == deep }))
        var finding = ProblemFinding(level: .error, message: "m", owner: "o", text: "t")
        finding.file = deep
        #expect(paths.settle(finding).finding.file == nil)
    }
}
