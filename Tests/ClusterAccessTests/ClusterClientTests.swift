// SPDX-License-Identifier: Apache-2.0

import ClusterAccess
import Diagnostics
import HTTPMessages
import StructuredData
import Synchronization
import Testing

@Suite("A cluster's API")
struct ClusterClientTests {
    @Test("A list is read page for page, and one that grew too old is begun anew")
    func pages() async throws {
        let gone = #"{"kind":"Status","code":410,"reason":"Expired","message":"too old"}"#
        let cluster = ScriptedCluster([
            .init(#"{"metadata":{"continue":"a","resourceVersion":"1"},"items":[{"n":1}]}"#), .init(gone, status: 410),
            .init(#"{"metadata":{"continue":"b","resourceVersion":"2"},"items":[{"n":1}]}"#),
            .init(#"{"metadata":{"continue":"","resourceVersion":"2"},"items":[{"n":2}]}"#),
        ])
        let list = try await cluster.client().list(.pods, labels: "a=b")
        #expect(list.items.compactMap { $0["n"]?.int } == [1, 2])
        #expect(list.resourceVersion == "2")
        #expect(cluster.asked[3].url.contains("continue=b"))
        #expect(cluster.asked.allSatisfy { $0.url.contains("/api/v1/namespaces/ci/pods?limit=") })
        #expect(cluster.asked.allSatisfy { $0.url.contains("labelSelector=a%3Db") })
    }

    @Test(
        "What the cluster says no to has a code and the cluster's words",
        arguments: [
            (401, "Unauthorized", "Unauthorized", 1452),
            (403, "Forbidden", #"pods is forbidden: User "x" cannot list"#, 1452),
            (403, "Forbidden", "forbidden: exceeded quota: most, requested: pods=1", 1459),
            (404, "NotFound", "not found", 1454), (409, "AlreadyExists", "already exists", 1453),
            (409, "Conflict", "Operation cannot be fulfilled on resourcequotas \"most\"", 1460),
            (422, "Invalid", "is invalid", 1455), (429, "TooManyRequests", "too many requests", 1460),
            (503, "ServiceUnavailable", "not ready", 1460),
        ])
    func refusals(_ status: Int, _ reason: String, _ words: String, _ code: Int) async throws {
        let body = DataValue.object(["kind": "Status", "reason": .string(reason), "message": .string(words)]).jsonText()
        let answer = ScriptedCluster.Answer(body, status: status)
        let cluster = ScriptedCluster([answer, answer])
        let client = cluster.client()
        let error = await #expect(throws: DiagnosticError.self) { try await client.get(.jobs, "x") }
        #expect(error?.diagnostic.code == DiagnosticCode(code))
        #expect(error?.diagnostic.message.contains(words) == true)
        #expect(error?.diagnostic.message.contains("https://cluster.test:6443") == true)
        // A credential that is not taken is got anew, once.
        #expect(cluster.asked.count == (status == 401 ? 2 : 1))
    }

    @Test("Server-side apply names its manager, and a dry one keeps nothing")
    func apply() async throws {
        let cluster = ScriptedCluster([.init(#"{"kind":"Job"}"#)])
        try await cluster.client().apply(.jobs, ["metadata": ["name": "a b"]], isForced: true, isDry: true)
        let call = try #require(cluster.asked.first)
        #expect(call.method == "PATCH")
        #expect(call.headers["Content-Type"] == "application/apply-patch+yaml")
        #expect(
            call.url.hasSuffix("/apis/batch/v1/namespaces/ci/jobs/a%20b?fieldManager=martlet&force=true&dryRun=All"))
    }

    @Test("Removing what is gone already is no failure, and what it owns goes afterwards")
    func delete() async throws {
        let cluster = ScriptedCluster([.init(#"{"message":"not found"}"#, status: 404)])
        try await cluster.client().delete(.jobs, "x")
        let body = try DataValue(json: try #require(cluster.asked.first).body)
        #expect(body["propagationPolicy"]?.string == "Background")
    }

    @Test("A watch tells changes in order over several requests, and lists anew where it is told that it is too late")
    func watch() async throws {
        func event(_ type: String, _ name: String, _ version: Int) -> String {
            #"{"type":"\#(type)","object":{"metadata":{"name":"\#(name)","resourceVersion":"\#(version)"}}}"# + "\n"
        }
        let expired =
            #"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"old"}}"# + "\n"
        let cluster = ScriptedCluster([
            .init(#"{"metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"a"}}]}"#),
            .init(event("ADDED", "b", 6) + event("BOOKMARK", "", 9)), .init(event("MODIFIED", "b", 10)),
            .init(event("DELETED", "b", 11) + expired),
            .init(#"{"metadata":{"resourceVersion":"20"},"items":[]}"#),
        ])
        let told = Mutex<[String]>([])
        let task = Mutex<Task<Void, Never>?>(nil)
        let watch = ObjectWatch(cluster.client(), .pods, labels: "x=y")
        let following = Task {
            await watch.run(failed: { _ in task.withLock { $0 }?.cancel() }) { change in
                let text =
                    switch change {
                    case .listed(let items): "listed \(items.count)"
                    case .changed(let object): "changed \(object["metadata"]?["name"]?.string ?? "")"
                    case .removed(let object): "removed \(object["metadata"]?["name"]?.string ?? "")"
                    }
                told.withLock { $0.append(text) }
            }
        }
        task.withLock { $0 = following }
        await following.value
        #expect(told.withLock { $0 } == ["listed 1", "changed b", "changed b", "removed b", "listed 0"])
        let versions = cluster.asked.map { call in
            call.url.split(separator: "resourceVersion=").dropFirst().first.map { String($0.prefix { $0.isNumber }) }
        }
        // A bookmark counts, and after the list that of the list.
        #expect(Array(versions.prefix(6)) == [nil, "5", "9", "10", nil, "20"])
    }

    @Test("A cluster that answers every list with 'too old', or ends every watch at once, is asked less and less often")
    func patience() async throws {
        let list = ScriptedCluster.Answer(#"{"metadata":{"resourceVersion":"5"},"items":[]}"#)
        let expired = ScriptedCluster.Answer(#"{"kind":"Status","code":410,"message":"old"}"#, status: 410)
        // Each list is tried twice; the watches say nothing.
        for answers in [
            [ScriptedCluster.Answer](repeating: expired, count: 6), [list] + Array(repeating: .init(""), count: 3),
        ] {
            let cluster = ScriptedCluster(answers)
            let task = Mutex<Task<Void, Never>?>(nil)
            let watch = ObjectWatch(cluster.client(), .pods)
            let start = ContinuousClock.now
            let following = Task { await watch.run(failed: { _ in task.withLock { $0 }?.cancel() }) { _ in } }
            task.withLock { $0 = following }
            await following.value
            // Three pauses: 200, 400 and 800 ms.
            #expect(ContinuousClock.now - start >= .milliseconds(1_400))
        }
    }

    @Test("A program that gives credentials is asked again before what it gave ends, or once it is not taken")
    func program() async throws {
        var program = CredentialProgram(command: "sh", version: "client.authentication.k8s.io/v1")
        program.arguments = [
            "-c",
            #"printf '{"apiVersion":"%s","kind":"ExecCredential","status":{"token":"t%s"}}' "$V" "$$""#,
        ]
        program.environment = ["V": "client.authentication.k8s.io/v1"]
        let cluster = ScriptedCluster([
            .init("{}"), .init("{}"), .init("{}", status: 401), .init("{}"),
        ])
        let given = program
        let client = cluster.client { $0.credential = .program(given) }
        for _ in 0..<3 { _ = try await client.get(.pods, "x") }
        let shown = cluster.asked.map { $0.headers["Authorization"] ?? "" }
        #expect(shown.allSatisfy { $0.hasPrefix("Bearer t") })
        #expect(shown[0] == shown[1] && shown[1] == shown[2])
        #expect(shown[3] != shown[2])
    }

    @Test("A program that fails says so in its own words")
    func failingProgram() async throws {
        var program = CredentialProgram(command: "sh", version: "client.authentication.k8s.io/v1")
        program.arguments = ["-c", "echo 'sign in first' >&2; exit 3"]
        let given = program
        let client = ScriptedCluster([]).client { $0.credential = .program(given) }
        await #expect(throws: DiagnosticError.self) { try await client.get(.pods, "x") }
        do { _ = try await client.get(.pods, "x") } catch {
            #expect(error.diagnostic.code == .clusterCredential)
            #expect(error.diagnostic.message.contains("sign in first"))
        }
    }

    @Test("Impersonation is said with each request")
    func impersonation() async throws {
        let cluster = ScriptedCluster([.init("{}")])
        _ = try await cluster.client { configuration in
            configuration.impersonation.user = "eve"
            configuration.impersonation.groups = ["a", "b"]
        }.get(.pods, "x")
        let headers = try #require(cluster.asked.first).headers
        #expect(headers["Impersonate-User"] == "eve")
        #expect(headers.all("Impersonate-Group") == ["a", "b"])
    }
}
