// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Jobs as pods of a real cluster.
@Suite("Jobs in a cluster", .enabled(if: TestCluster.isThere), .serialized)
struct ClusterJobTests {
    @Test("A job has its code, its log is live, it hands on what it made, and nothing of it stays in the cluster")
    func plain() throws {
        let place = try ClusterPlace(
            """
            on: workflow_dispatch
            jobs:
              make:
                runs-on: [kubernetes, cpu-20m, memory-96mi]
                outputs: {word: "${{ steps.say.outputs.word }}"}
                steps:
                  - uses: actions/checkout@v4
                  - id: say
                    run: |
                      echo "> $(cat word.txt)"
                      echo "word=$(cat word.txt)" >>"$GITHUB_OUTPUT"
                  - run: while ! test -f /martlet/go; do sleep 0.1; done
                  - uses: actions/upload-artifact@v4
                    with: {name: built, path: word.txt}
              use:
                needs: make
                runs-on: kubernetes
                steps:
                  - uses: actions/download-artifact@v4
                    with: {name: built}
                  - run: echo "> $(cat word.txt) ${{ needs.make.outputs.word }}"
            """)
        let run = try place.begin()
        try place.wait(for: "> hello", in: run)
        let pod = try #require(try place.objects("pods").first)
        let resources = pod["spec"]["containers"].array.first?["resources"] ?? .null
        #expect(resources["requests"]["cpu"].string == "20m")
        #expect(resources["limits"]["memory"].string == "96Mi")
        let name = pod["metadata"]["name"].string ?? ""
        try place.kubectl("exec", "-n", place.namespace, name, "-c", "job", "--", "touch", "/martlet/go")
        let ended = try run.end()
        #expect(ended.status == 0, "\(ended.out)\(ended.err)\(place.runnerLog)")
        #expect(ended.lines("use").contains("> hello hello"), "\(ended.lines("use"))")
        try place.waitForNothing()
    }

    @Test("A job has the image that it names, its services are ready before its first step, and end with it")
    func containers() throws {
        let place = try ClusterPlace(
            """
            on: workflow_dispatch
            jobs:
              build:
                runs-on: kubernetes
                container:
                  image: martlet-test/plain:1
                  env: {GREETING: "costs $(TOO) much"}
                services:
                  web:
                    image: martlet-test/plain:1
                    ports: ["8080:80"]
                    entrypoint: /bin/sh
                    command: -c "mkdir -p /www && echo served >/www/index.html && httpd -f -p 80 -h /www"
                    options: --health-cmd "wget -q -O /dev/null http://localhost/" --health-interval 1s
                steps:
                  - run: |
                      echo "> $GREETING"
                      echo "> $(wget -q -O - http://web:${{ job.services.web.ports['80'] }}/)"
            """)
        let ended = try place.run()
        #expect(ended.status == 0, "\(ended.out)\(ended.err)\(place.runnerLog)")
        #expect(ended.lines("build").contains("> served"), "\(ended.lines("build"))")
        #expect(ended.lines("build").contains("> costs $(TOO) much"))
        try place.waitForNothing()
    }

    @Test("A cancelled job runs its always() steps, and a job past its timeout ends with that")
    func ends() throws {
        let place = try ClusterPlace(
            """
            on: workflow_dispatch
            jobs:
              slow:
                runs-on: kubernetes
                steps:
                  - run: |
                      echo "> begun"
                      sleep 600
                  - if: always()
                    run: echo "> cleaned"
            """)
        try place.sandbox.workflow(
            """
            on: workflow_dispatch
            jobs:
              late:
                runs-on: kubernetes
                timeout-minutes: 0.05
                steps:
                  - run: sleep 600
            """, "late.yml")
        try place.sandbox.commitAll()
        let run = try place.begin()
        try place.wait(for: "> begun", in: run)
        #expect(try place.martlet("cancel", "1").status == 0)
        let ended = try run.end()
        #expect(ended.job("slow") == "cancelled", "\(ended.out)")
        #expect(ended.lines("slow").contains("> cleaned"))
        let late = try place.run("late.yml")
        #expect(late.job("late") == "cancelled", "\(late.out)")
        #expect(ClusterPlace.reason(late, "late").contains("longer than 3 seconds"), "\(late.out)")
        try place.waitForNothing()
    }

    @Test("A server whose own runner is a cluster's needs no other, and its jobs are told where it is")
    func own() throws {
        let sandbox = try Sandbox()
        try sandbox.workflow(
            """
            on: workflow_dispatch
            jobs:
              build:
                runs-on: kubernetes
                steps:
                  - run: echo "> here"
            """)
        try sandbox.commitAll()
        let port = Int.random(in: 20_000..<30_000)
        let settings = """
            image: martlet-test/plain:1
            tools: martlet-test/tools:1
            server: http://\(TestCluster.address):\(port)
            """
        try Data(settings.utf8).write(to: URL(fileURLWithPath: sandbox.root + "/cluster.yml"))
        let data = sandbox.root + "/server"
        let server = try ServerProcess(
            sandbox, data: data,
            [
                "--listen", "\(TestCluster.address):\(port)", "--executor", "kubernetes", "--cluster",
                sandbox.root + "/cluster.yml", "--kubeconfig", TestCluster.kubeconfig,
            ])
        defer {
            try? server.kill()
            for runner in Processes.all where Processes.command(runner).contains("run --data \(data)/runner") {
                kill(runner, SIGKILL)
            }
        }
        _ = try server.ask(
            "POST", "/api/v1/projects", #"{"name":"demo","forge":"git","cloneURL":"\#(sandbox.folder)"}"#)
        let ended = try sandbox.start(
            [Program.path, "run", "ci.yml", "--json"],
            environment: ["MARTLET_SERVER": server.url, "MARTLET_TOKEN": server.token, "MARTLET_PROJECT": "demo"]
        ).end()
        #expect(ended.status == 0, "\(ended.out)\(ended.err)")
        #expect(ended.lines("build") == ["> here"])
    }

    @Test("A runner that was killed and comes back goes on with its jobs, and removes what it has no lease for")
    func killedRunner() throws {
        let place = try ClusterPlace(
            """
            on: workflow_dispatch
            jobs:
              build:
                runs-on: kubernetes
                steps:
                  - run: |
                      echo "> begun"
                      while ! test -f /martlet/go; do sleep 0.1; done
                      echo "> went on"
            """)
        let run = try place.begin()
        try place.wait(for: "> begun", in: run)
        try place.killRunner()
        let pod = try #require(try place.objects("pods").first?["metadata"]["name"].string)
        let secret = try #require(try place.objects("secrets").first?["metadata"])
        // As if it had been killed between the Secret and the Job.
        let owner = secret["labels"]["martlet.dev/owner"].string ?? ""
        try place.kubectl("create", "secret", "generic", "stray", "-n", place.namespace)
        try place.kubectl(
            "label", "secret", "stray", "-n", place.namespace, "martlet.dev/owner=\(owner)",
            "app.kubernetes.io/managed-by=martlet")
        try place.startRunner()
        try place.wait("the stray Secret is gone") {
            try place.kubectl("get", "secret", "stray", "-n", place.namespace).status != 0
        }
        try place.kubectl("exec", "-n", place.namespace, pod, "-c", "job", "--", "touch", "/martlet/go")
        let ended = try run.end()
        #expect(ended.status == 0, "\(ended.out)\(ended.err)\(place.runnerLog)")
        #expect(ended.lines("build") == ["> begun", "> went on"], "\(ended.lines("build"))")
        try place.waitForNothing()
    }
}
