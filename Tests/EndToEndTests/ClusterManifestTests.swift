// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What installs Martlet in a cluster.
@Suite("Manifests for a cluster", .serialized)
struct ClusterManifestTests {
    private static let folder = Program.repository + "/packaging/kubernetes"

    private static func text(_ path: String) throws -> String {
        try String(contentsOfFile: folder + "/" + path, encoding: .utf8)
    }

    private static var files: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: folder + "/base").filter { $0 != "kustomization.yaml" }
                .sorted()
        }
    }

    /// The chart uses values, the release's namespace, and nothing else of the template language, so that this is all of it.
    private static func rendered(_ file: String, _ values: [String: String]) throws -> String {
        let text = try Self.text("chart/templates/" + file)
        var parts = text.components(separatedBy: "{{ ")
        for index in parts.indices.dropFirst() {
            let halves = parts[index].components(separatedBy: " }}")
            let value = try #require(values[halves[0]], "\(file) asks for \(halves[0])")
            parts[index] = value + halves.dropFirst().joined(separator: " }}")
        }
        let whole = parts.joined()
        try #require(!whole.contains("{{") && !whole.contains("}}\n"), "\(file) uses more than values")
        return whole
    }

    /// `values.yaml`, as the chart's templates name them.
    private static func values() throws -> [String: String] {
        var values = [".Release.Namespace": "martlet"]
        var section = ""
        for line in try text("chart/values.yaml").split(separator: "\n")
        where !line.drop(while: { $0 == " " }).hasPrefix("#") {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            if !line.hasPrefix(" ") { section = parts.count == 1 ? parts[0] + "." : "" }
            guard parts.count == 2 else { continue }
            values[".Values.\(line.hasPrefix(" ") ? section : "")\(parts[0])"] = parts[1].replacing("\"", with: "")
        }
        return values
    }

    @Test("Every file of the base is in its list, and the chart with its own values is the base")
    func chart() throws {
        let listed = try Self.text("base/kustomization.yaml").split(separator: "\n").filter { $0.hasPrefix("  - ") }
            .map { String($0.dropFirst(4)) }.sorted()
        #expect(try listed == Self.files)
        let values = try Self.values()
        for file in try Self.files where file != "namespaces.yaml" {
            #expect(try Self.rendered(file, values) == Self.text("base/" + file), "\(file)")
        }
        #expect(try Self.rendered("namespaces.yaml", values).contains("name: martlet-jobs"))
    }

    @Test(
        "Several servers are the base with a folder that they share and an address for each",
        .enabled(if: Program.has("kubectl")))
    func several() throws {
        let sandbox = try Sandbox()
        let made = try sandbox.start(["kubectl", "kustomize", Self.folder + "/several"]).end()
        try #require(made.status == 0, "\(made.err)")
        for line in [
            "replicas: 3", "claimName: martlet-shared", "value: http://$(POD_IP):8480", "name: martlet-environment",
            "mountPath: /var/lib/martlet/servers", "name: martlet-runner",
        ] {
            #expect(made.out.contains(line), "\(line): \(made.out)")
        }
    }

    @Test("The API server takes all of it", .enabled(if: TestCluster.isThere))
    func dryRun() throws {
        let sandbox = try Sandbox()
        func kubectl(_ arguments: String...) throws -> Ended {
            try sandbox.start(["kubectl", "--kubeconfig", TestCluster.kubeconfig] + arguments).end()
        }
        // Objects need their namespace even where nothing is kept. They stay: the cluster is thrown away.
        for name in ["martlet", "martlet-jobs"] { _ = try kubectl("create", "namespace", name) }
        let base = try kubectl("apply", "-k", Self.folder + "/base", "--dry-run=server", "-o", "name")
        #expect(base.status == 0, "\(base.err)")
        #expect(base.out.split(separator: "\n").count >= 12, "\(base.out)")
        let values = try Self.values()
        for file in try Self.files {
            let path = sandbox.root + "/" + file
            try Data(Self.rendered(file, values).utf8).write(to: URL(fileURLWithPath: path))
            // As kubectl does by itself, and as Helm does from its fourth version on.
            for way in ["--server-side=false", "--server-side=true"] {
                let applied = try kubectl("apply", "-f", path, "--dry-run=server", way)
                #expect(applied.status == 0, "\(file) \(way): \(applied.err)")
            }
        }
    }

    @Test(
        "Nodes can be given the images of jobs beforehand, and a pod of each has run them",
        .enabled(if: TestCluster.isThere))
    func warm() throws {
        let sandbox = try Sandbox()
        func kubectl(_ arguments: String...) throws -> Ended {
            try sandbox.start(["kubectl", "--kubeconfig", TestCluster.kubeconfig] + arguments).end()
        }
        _ = try kubectl("create", "namespace", "martlet-jobs")
        let made = try kubectl("kustomize", Self.folder + "/warm")
        try #require(made.status == 0, "\(made.err)")
        let text = made.out.replacing("martlet:latest", with: "martlet-test/tools:1")
            .replacing("debian:12", with: "martlet-test/plain:1").replacing("infinity", with: "\"1000000\"")
        try Data(text.utf8).write(to: URL(fileURLWithPath: sandbox.root + "/warm.yaml"))
        let applied = try kubectl("apply", "-f", sandbox.root + "/warm.yaml")
        defer { _ = try? kubectl("delete", "-f", sandbox.root + "/warm.yaml", "--wait=false") }
        #expect(applied.status == 0, "\(applied.err)")
        let there = try kubectl("rollout", "status", "daemonset/martlet-images", "-n", "martlet-jobs", "--timeout=90s")
        #expect(there.status == 0, "\(there.out)\(there.err)")
    }

    @Test(
        "The role that comes with it is enough for a job's whole life, and reads no other Secret of the cluster",
        .enabled(if: TestCluster.isThere))
    func role() throws {
        let sandbox = try Sandbox()
        func kubectl(_ arguments: String...) throws -> Ended {
            try sandbox.start(["kubectl", "--kubeconfig", TestCluster.kubeconfig] + arguments).end()
        }
        for name in ["martlet", "martlet-jobs"] { _ = try kubectl("create", "namespace", name) }
        let applied = try kubectl("apply", "-f", Self.folder + "/base/access.yaml")
        try #require(applied.status == 0, "\(applied.err)")
        func may(_ verb: String, _ what: String, _ namespace: String = "martlet-jobs") throws -> Bool {
            try kubectl("auth", "can-i", verb, what, "-n", namespace, "--as=system:serviceaccount:martlet:martlet")
                .status == 0
        }
        for (verb, what) in [
            ("create", "jobs.batch"), ("delete", "jobs.batch"), ("list", "jobs.batch"), ("create", "secrets"),
            ("patch", "secrets"), ("delete", "secrets"), ("list", "secrets"), ("watch", "pods"), ("list", "events"),
            ("get", "configmaps"), ("create", "configmaps"), ("patch", "configmaps"),
        ] {
            #expect(try may(verb, what), "\(verb) \(what)")
        }
        #expect(try !may("create", "pods"))
        #expect(try !may("get", "secrets", "martlet"))
        #expect(try !may("delete", "configmaps"))
        #expect(try !may("list", "nodes"))
    }
}
