// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A real cluster that `scripts/test-kubernetes` has started; where there is none that is said aloud, and nothing is tested.
enum TestCluster {
    /// The folder of `scripts/kubernetes up`.
    static let folder: String? = {
        if let folder = ProcessInfo.processInfo.environment["MARTLET_TEST_CLUSTER"] { return folder }
        FileHandle.standardError.write(
            Data("NOT RUN: jobs in a cluster, for none was started: make test-kubernetes\n".utf8))
        return nil
    }()

    static var isThere: Bool { folder != nil }
    static var kubeconfig: String { (folder ?? "") + "/kubeconfig" }
    /// Of this machine, as pods reach it.
    static var address: String {
        let text = (try? String(contentsOfFile: (folder ?? "") + "/address", encoding: .utf8)) ?? ""
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// A server, a cluster's runner and a namespace of their own.
final class ClusterPlace {
    let sandbox: Sandbox
    let server: ServerProcess
    let namespace = "test-" + UUID().uuidString.prefix(8).lowercased()
    private var runner: RunningProgram?
    var runnerLog: String { (try? String(contentsOfFile: runner?.errPath ?? "", encoding: .utf8)) ?? "" }

    /// - Parameter settings: lines of the executor's file, beside the images and the namespace.
    init(_ workflow: String, settings: String = "", capacity: Int = 20, quota: String? = nil) throws {
        sandbox = try Sandbox()
        try sandbox.write("word.txt", "hello\n")
        try sandbox.workflow(workflow)
        try sandbox.commitAll()
        server = try ServerProcess(
            sandbox, data: sandbox.root + "/server",
            ["--capacity", "0", "--listen", "\(TestCluster.address):0"])
        let made = try server.ask(
            "POST", "/api/v1/projects", #"{"name":"demo","forge":"git","cloneURL":"\#(sandbox.folder)"}"#)
        try #require(made.body["id"].string != nil, "\(made.text)")
        try kubectl("create", "namespace", namespace)
        if let quota { try kubectl("create", "quota", "most", "--hard=" + quota, "-n", namespace) }
        // The cluster makes it, and pods need it.
        while try kubectl("get", "serviceaccount", "default", "-n", namespace).status != 0 { usleep(50_000) }
        let text = """
            namespace: \(namespace)
            image: martlet-test/plain:1
            tools: martlet-test/tools:1
            requests: {cpu: 10m, memory: 64Mi}
            \(settings)

            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: sandbox.root + "/cluster.yml"))
        let token = try sandbox.martlet("runner", "token", "--data", server.data).out.trimmingCharacters(in: .newlines)
        let registered = try sandbox.martlet(
            [
                "runner", "register", server.url, "--token", token, "--data", sandbox.root + "/runner", "--name",
                "cluster", "--capacity", "\(capacity)",
            ] + executor)
        try #require(registered.status == 0, "\(registered.err)")
        try startRunner()
    }

    deinit {
        try? killRunner()
        try? server.kill()
        _ = try? kubectl("delete", "namespace", namespace, "--wait=false")
    }

    private var executor: [String] { ["--executor", "kubernetes", "--cluster", sandbox.root + "/cluster.yml"] }

    func startRunner() throws {
        runner = try sandbox.start(
            [
                Program.path, "runner", "run", "--data", sandbox.root + "/runner", "--kubeconfig",
                TestCluster.kubeconfig,
            ] + executor)
    }

    /// As a crash does.
    func killRunner() throws {
        guard let runner else { return }
        runner.signal(SIGKILL)
        try runner.end()
        self.runner = nil
    }

    // MARK: asking

    @discardableResult
    func kubectl(_ arguments: String...) throws -> Ended {
        try sandbox.start(["kubectl", "--kubeconfig", TestCluster.kubeconfig] + arguments).end()
    }

    func objects(_ kind: String) throws -> [JSON] {
        try kubectl("get", kind, "-n", namespace, "-o", "json", "-l", "app.kubernetes.io/managed-by=martlet").json[
            "items"
        ]
        .array
    }

    func begin(_ file: String = "ci.yml") throws -> RunningProgram {
        try sandbox.start(
            [Program.path, "run", file, "--json"],
            environment: ["MARTLET_SERVER": server.url, "MARTLET_TOKEN": server.token, "MARTLET_PROJECT": "demo"])
    }

    func run(_ file: String = "ci.yml") throws -> Ended { try begin(file).end() }

    func martlet(_ arguments: String...) throws -> Ended {
        try sandbox.start(
            [Program.path] + arguments,
            environment: ["MARTLET_SERVER": server.url, "MARTLET_TOKEN": server.token, "MARTLET_PROJECT": "demo"]
        ).end()
    }

    /// Waits for a line in what a program has said so far.
    func wait(for text: String, in program: RunningProgram) throws {
        for _ in 0..<Self.looks {
            if try String(contentsOfFile: program.outPath, encoding: .utf8).contains(text) { return }
            usleep(20_000)
        }
        let said = try String(contentsOfFile: program.outPath, encoding: .utf8)
        throw Silence(text: "no '\(text)' in:\n\(said)\n\(runnerLog)")
    }

    func wait(_ what: String, until isSo: () throws -> Bool) throws {
        for _ in 0..<Self.looks {
            if try isSo() { return }
            usleep(50_000)
        }
        throw Silence(text: "never: \(what)\n\(runnerLog)")
    }

    /// Waits until nothing of the runner's is in the cluster but pods that are being removed: this kubelet takes a minute for
    /// some, whoever made them.
    func waitForNothing(entirely: Bool = false) throws {
        try wait("nothing is left") {
            guard try objects("jobs").isEmpty, try objects("secrets").isEmpty else { return false }
            return try objects("pods").allSatisfy { pod in
                !entirely && pod["metadata"]["deletionTimestamp"].string != nil
            }
        }
    }

    struct Silence: Error { var text: String }
    private static let looks = 4_000

    /// What a failed job says of itself.
    static func reason(_ ended: Ended, _ job: String) -> String {
        ended.events("jobFinished").last { $0["job"].string == job }?["reason"]["text"].string ?? ""
    }
}
