// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Jobs of code that is nobody's here: a pull request's ref of a repository that tells no more of it.
@Suite("Forks' jobs in a cluster", .enabled(if: TestCluster.isThere), .serialized)
struct ClusterForkTests {
    private static let workflow = """
        on: [pull_request, workflow_dispatch]
        jobs:
          build:
            if: github.event_name == 'pull_request'
            runs-on: kubernetes
            steps:
              - uses: actions/checkout@v4
              - run: |
                  test "$(cat word.txt)" = hello
                  test "$(id -u)" = 10001
                  test ! -e /var/run/secrets/kubernetes.io
                  touch "$HOME/mine"
                  ! touch /etc/theirs 2>/dev/null
                  grep -q "CapBnd:.0*$" /proc/self/status
                  grep -q "NoNewPrivs:.1" /proc/self/status
              - uses: actions/cache/save@v4
                with: {path: word.txt, key: theirs}
          use:
            if: github.event_name == 'workflow_dispatch'
            runs-on: kubernetes
            steps:
              - id: cache
                uses: actions/cache/restore@v4
                with: {path: word.txt, key: theirs}
              - run: test "${{ steps.cache.outputs.cache-hit }}" != true
        """

    /// The run of the pull request, once it is over: its outcome and why.
    private func outcome(_ settings: String) throws -> (conclusion: String, why: String, place: ClusterPlace) {
        let place = try ClusterPlace(Self.workflow, settings: settings)
        let made = try place.server.ask(
            "POST", "/api/v1/projects",
            #"{"name":"open","forge":"git","cloneURL":"\#(place.sandbox.folder)","forks":"run","#
                + #""options":{"pollsRequests":"true","pollSeconds":"1"}}"#)
        try #require(made.body["id"].string != nil, "\(made.text)")
        // What is there at the first look is not run.
        try place.wait("the server has looked") {
            let refs = place.server.data + "/projects/\(made.body["id"].string ?? "")/refs.json"
            return FileManager.default.fileExists(atPath: refs)
        }
        _ = try place.sandbox.start(["git", "update-ref", "refs/pull/1/head", "HEAD"]).end()
        var run = JSON.null
        try place.wait("the pull request's run is over") {
            let runs = try place.server.ask("GET", "/api/v1/runs?project=open").body["items"].array
            run = runs.first { $0["event"].string == "pull_request" } ?? .null
            return run["conclusion"].string != nil
        }
        let why = try place.martlet("why", "1")
        try place.waitForNothing()
        return (run["conclusion"].string ?? "", why.out + why.err + place.runnerLog, place)
    }

    @Test(
        "A fork's steps are nobody in a pod without a token, their caches are no branch's, and their image needs no sandbox"
    )
    func enclosed() throws {
        // Nobody is at that address, as where a policy closes the way to it (RFC 5737).
        let (conclusion, why, place) = try outcome("forks: {sandbox: pod, probe: '192.0.2.1:9'}")
        #expect(conclusion == "success", "\(why)")
        let own = try place.sandbox.start(
            [Program.path, "run", "ci.yml", "--json"],
            environment: [
                "MARTLET_SERVER": place.server.url, "MARTLET_TOKEN": place.server.token, "MARTLET_PROJECT": "open",
            ]
        ).end()
        #expect(own.job("use") == "success", "\(own.out)\(own.err)")
    }

    @Test("In a cluster that keeps no policies a fork's job fails before its image begins, and says why")
    func open() throws {
        let api = TestCluster.address + ":16443"
        let (conclusion, why, _) = try outcome("forks: {sandbox: pod, probe: '\(api)'}")
        #expect(conclusion == "failure", "\(why)")
        #expect(why.contains("MRT1478"), "\(why)")
    }
}
