// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import StepExecution

/// Paths of this machine and of a job's container.
@Suite struct ContainerPathTests {
    private let folders = HostJob.Folders(
        workspace: "/s/work/1/a/repo/repo", temporary: "/s/work/1/a/_temp", scratch: "/m/scratch",
        toolCache: "/s/tools",
        durable: "/s/d")

    @Test(arguments: [
        ("/s/work/1/a/repo/repo", "/__w/repo/repo"), ("/s/work/1/a/repo/repo/a/b", "/__w/repo/repo/a/b"),
        ("/s/work/1/a/_temp/x", "/__w/_temp/x"),
        ("/m/scratch/commands-1/env", "/__w/_temp/_runner_file_commands/commands-1/env"),
        ("/s/work/1/a/_temp/_github_home/.x", "/github/home/.x"), ("/s/tools/node", "/__t/node"),
        ("/s/actions/o/r/c/m.js", "/__w/_actions/o/r/c/m.js"), ("/elsewhere/x/m.js", "/__a/0/m.js"),
    ])
    func haveAPlaceOnEitherSide(outside: String, inside: String) {
        let paths = ContainerPaths.job(folders, actionsFolder: "/s/actions", actions: ["/elsewhere/x"], node: nil)
        #expect(paths.inside(outside) == inside)
        #expect(paths.outside(inside) == outside)
    }

    @Test(arguments: ["/s/work/1/a/repo/repository", "/s/toolsmith", "relative/s/tools", "", "/etc/passwd"])
    func thatOnlyBeginAlikeAreLeftAlone(path: String) {
        let paths = ContainerPaths.job(folders, actionsFolder: nil, actions: [], node: nil)
        #expect(paths.inside(path) == path)
    }

    @Test func areThemselvesWithoutAContainer() {
        #expect(ContainerPaths().inside("/s/tools") == "/s/tools")
        #expect(ContainerPaths().outside("/__w/x") == "/__w/x")
    }

    @Test func inTheEnvironmentAreTranslatedWhereAValueIsOne() {
        let block = EnvironmentBlock(entries: ["A=/s/tools/x", "B=see /s/tools", "C=", "D=/s/tools"])
        let paths = ContainerPaths.action(folders)
        #expect(block.translated(paths.inside) == ["A=/s/tools/x", "B=see /s/tools", "C=", "D=/s/tools"])
        let job = ContainerPaths.job(folders, actionsFolder: nil, actions: [], node: nil)
        #expect(block.translated(job.inside) == ["A=/__t/x", "B=see /s/tools", "C=", "D=/__t"])
    }
}
