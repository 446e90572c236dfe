// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What a cluster does to jobs, and what is told of it.
@Suite("Troubles of jobs in a cluster", .enabled(if: TestCluster.isThere), .serialized)
struct ClusterTroubleTests {
    private static func workflow(
        _ step: String, labels: String = "kubernetes", container: String? = nil
    ) -> String {
        """
        on: workflow_dispatch
        jobs:
          build:
            runs-on: [\(labels)]
        \(container.map { "    container: \($0)\n" } ?? "")    steps:
              - run: |
        \(step.split(separator: "\n").map { "          \($0)" }.joined(separator: "\n"))
        """
    }

    private func failure(_ place: ClusterPlace) throws -> String {
        let ended = try place.run()
        #expect(ended.job("build") == "failure", "\(ended.out)\(ended.err)\(place.runnerLog)")
        let said = ClusterPlace.reason(ended, "build") + ended.out
        try place.waitForNothing()
        return said
    }

    @Test("An image that is not there fails the job in a sentence that names it")
    func image() throws {
        let place = try ClusterPlace(
            Self.workflow("true", container: "registry.invalid/nobody/nothing:1"), settings: "imageSeconds: 2")
        let said = try failure(place)
        #expect(said.contains("MRT1472"), "\(said)")
        #expect(said.contains("registry.invalid/nobody/nothing:1"), "\(said)")
    }

    @Test("A step that takes more memory than its pod has is told so")
    func memory() throws {
        let place = try ClusterPlace(
            Self.workflow(
                #"a=$(head -c 300000000 /dev/zero | tr '\0' x); echo ${#a}"#, labels: "kubernetes, memory-96mi"))
        let said = try failure(place)
        #expect(said.contains("ran out of memory") || said.contains("MRT1475"), "\(said)")
    }

    @Test("A pod that is evicted fails the job whose step had begun, and says so")
    func eviction() throws {
        let place = try ClusterPlace(Self.workflow("echo '> begun'\nsleep 600"))
        let run = try place.begin()
        try place.wait(for: "> begun", in: run)
        let pod = try #require(try place.objects("pods").first?["metadata"]["name"].string)
        let body =
            #"{"apiVersion":"policy/v1beta1","kind":"Eviction","metadata":{"name":"\#(pod)","namespace":"\#(place.namespace)"}}"#
        try Data(body.utf8).write(to: URL(fileURLWithPath: place.sandbox.root + "/eviction.json"))
        let asked = try place.kubectl(
            "create", "--raw", "/api/v1/namespaces/\(place.namespace)/pods/\(pod)/eviction", "-f",
            place.sandbox.root + "/eviction.json")
        #expect(asked.status == 0, "\(asked.err)")
        let ended = try run.end()
        let reason = ClusterPlace.reason(ended, "build")
        #expect(reason.contains("Its pod was removed on the node"), "\(reason)")
        #expect(reason.contains("not tried again"), "\(reason)")
        try place.waitForNothing()
    }

    @Test("A pod that goes before a step has begun costs nothing but time: the job is carried out by another")
    func early() throws {
        let place = try ClusterPlace(
            Self.workflow("echo '> done'"), settings: "pod: {nodeSelector: {martlet.dev/none: here}}")
        let run = try place.begin()
        try place.wait("its pod waits for a node") { try !place.objects("pods").isEmpty }
        let pod = try #require(try place.objects("pods").first?["metadata"]["name"].string)
        try place.kubectl("label", "node", "node1", "martlet.dev/none=here")
        defer { _ = try? place.kubectl("label", "node", "node1", "martlet.dev/none-") }
        try place.kubectl("delete", "pod", pod, "-n", place.namespace, "--wait=false", "--grace-period=0", "--force")
        let ended = try run.end()
        #expect(ended.status == 0, "\(ended.out)\(ended.err)\(place.runnerLog)")
        try place.waitForNothing()
    }

    @Test("A job for which no node has room fails after its time, and says what is missing")
    func room() throws {
        let place = try ClusterPlace(Self.workflow("true", labels: "kubernetes, cpu-4000"), settings: "roomSeconds: 3")
        let said = try failure(place)
        #expect(said.contains("MRT1473"), "\(said)")
        #expect(said.contains("Insufficient cpu"), "\(said)")
    }

    @Test("A quota that is used up is told while jobs wait, and they fail after their time")
    func quota() throws {
        let place = try ClusterPlace(
            Self.workflow("true"), settings: "roomSeconds: 8", quota: "pods=0")
        let said = try failure(place)
        #expect(said.contains("MRT1473"), "\(said)")
        #expect(said.contains("The quota 'most' of the namespace"), "\(said)")
        #expect(said.contains("0 of 0 pods"), "\(said)")
    }

    @Test(
        "What a job waits for in the cluster is told while it waits, by 'martlet why' and on the run's page, and it runs once that is there"
    )
    func told() throws {
        let place = try ClusterPlace(
            Self.workflow("true", labels: "kubernetes, cpu-500m"), quota: "requests.cpu=100m,requests.memory=8Gi")
        let run = try place.begin()
        let text = "0 of 100m CPU, and 500m more is asked for."
        try place.wait("why tells it") { try place.martlet("why", "1").out.contains(text) }
        let page = try place.server.ask("GET", "/runs/1").text
        #expect(page.contains("of the namespace") && page.contains("0 of 100m CPU"), "\(page)")
        try place.kubectl("delete", "quota", "most", "-n", place.namespace)
        #expect(try run.end().status == 0)
        // It is recorded.
        #expect(try place.martlet("why", "1").out.contains(text))
        try place.waitForNothing()
    }

    @Test("A job that no node has room for says so while it waits, and ends when it is cancelled")
    func toldRoom() throws {
        let place = try ClusterPlace(Self.workflow("true", labels: "kubernetes, cpu-4000"))
        let run = try place.begin()
        try place.wait("why tells it") { try place.martlet("why", "1").out.contains("Insufficient cpu") }
        #expect(try place.martlet("cancel", "1").status == 0)
        #expect(try run.end().job("build") == "cancelled")
        try place.waitForNothing()
    }

    @Test("A Job that somebody removes before it has a pod is noticed, and its job is carried out by another")
    func removedJob() throws {
        let place = try ClusterPlace(Self.workflow("true"), quota: "pods=0")
        let run = try place.begin()
        try place.wait("its Job is there") { try !place.objects("jobs").isEmpty }
        try place.kubectl("delete", "quota", "most", "-n", place.namespace)
        let name = try #require(try place.objects("jobs").first?["metadata"]["name"].string)
        try place.kubectl("delete", "job", name, "-n", place.namespace, "--cascade=orphan")
        let ended = try run.end()
        #expect(ended.status == 0, "\(ended.out)\(ended.err)\(place.runnerLog)")
        try place.waitForNothing()
    }

    @Test(
        "A budget that is used up holds a project's next jobs back, and they say so; it is remembered by the runner's next process"
    )
    func budget() throws {
        let place = try ClusterPlace(
            Self.workflow("sleep 1"),
            settings: "requests: {cpu: 20m, memory: 64Mi}\nbudgets: {demo: {cpuMinutesPerDay: 0}}")
        // Nothing was had of it yet by anybody that the runner knows.
        #expect(try place.run().status == 0)
        let next = try place.begin()
        let text = "the budget of the project 'demo' in this cluster is used up"
        try place.wait("why tells it") { try place.martlet("why", "2").out.contains(text) }
        try place.killRunner()
        try place.startRunner()
        try place.wait("it takes nothing still") { try place.martlet("why", "2").out.contains(text) }
        #expect(try place.martlet("cancel", "2").status == 0)
        #expect(try next.end().job("build") == "cancelled")
        try place.waitForNothing()
    }

    @Test("A quota of Jobs holds back the runner, and those who wait are told of it")
    func quotaOfJobs() throws {
        let place = try ClusterPlace(
            Self.workflow("true"), settings: "roomSeconds: 60", quota: "count/jobs.batch=0")
        let first = try place.begin()
        try place.wait("the runner holds back") { place.runnerLog.contains("No job is taken") }
        let second = try place.begin()
        try place.wait("the second job waits for the quota") {
            try place.martlet("why", "2").out.contains("0 of 0 Jobs")
        }
        try place.kubectl("delete", "quota", "most", "-n", place.namespace)
        #expect(try first.end().status == 0)
        #expect(try second.end().status == 0)
        try place.waitForNothing()
    }

    @Test("A size above the maximum, and options that no pod has, fail a job at once")
    func refused() throws {
        let place = try ClusterPlace(
            Self.workflow("true", labels: "kubernetes, memory-9gi"), settings: "maximum: {memory: 1Gi}")
        let said = try failure(place)
        #expect(said.contains("MRT1471"), "\(said)")
        #expect(said.contains("9Gi"), "\(said)")
        try place.sandbox.workflow(
            Self.workflow("true", container: "{image: 'martlet-test/plain:1', options: --privileged}"))
        try place.sandbox.commitAll()
        let options = try failure(place)
        #expect(options.contains("--privileged"), "\(options)")
    }
}
