// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("A server's backup", .serialized)
struct BackupTests {
    private static let workflow = """
        on: [push, workflow_dispatch]
        jobs:
          done:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - run: |
                  echo "the file says $(cat file.txt)"
                  echo kept > kept.txt
              - uses: actions/upload-artifact@v4
                with: {name: kept, path: kept.txt}
          under-way:
            needs: done
            runs-on: ubuntu-latest
            steps:
              - run: echo begun; touch "$MARKS/begun"; while [ ! -e "$MARKS/go" ]; do sleep 0.05; done
          later:
            needs: done
            runs-on: [self-hosted, nobody-yet]
            steps:
              - uses: actions/checkout@v4
              - run: echo "later, the file says $(cat file.txt)"
          end:
            needs: [under-way, later]
            if: always()
            runs-on: ubuntu-latest
            steps:
              - run: echo "${{ needs.under-way.result }} ${{ needs.later.result }}"
        """

    /// A server with a project and a run of which one job is done, one is under way, and one waits for a runner.
    private static func midRun(_ sandbox: Sandbox) throws -> ServerProcess {
        try sandbox.workflow(workflow.replacingOccurrences(of: "$MARKS", with: sandbox.root))
        try sandbox.write("file.txt", "hello\n")
        for arguments in [["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]] {
            try sandbox.start(["git"] + arguments).end()
        }
        let server = try ServerProcess(sandbox, data: sandbox.root + "/data")
        let project = try server.ask(
            "POST", "/api/v1/projects", #"{"name":"app","forge":"git","cloneURL":"\#(sandbox.folder)"}"#)
        #expect(project.status == 201, "\(project.text)")
        let secret = try server.ask("PUT", "/api/v1/projects/app/secrets/PLACE", #"{"value":"a-secret-value"}"#)
        #expect(secret.status < 300, "\(secret.text)")
        let begun = try server.ask(
            "POST", "/api/v1/projects/app/runs", #"{"workflow":"ci.yml","ref":"main"}"#)
        #expect(begun.status < 300, "\(begun.text)")
        while !FileManager.default.fileExists(atPath: sandbox.root + "/begun") { usleep(10_000) }
        return server
    }

    private static func jobs(_ run: JSON) -> [String: JSON] {
        Dictionary((run["jobs"].array).map { ($0["id"].string ?? "", $0) }) { first, _ in first }
    }

    @Test(
        "Of a server in the middle of a run a copy is made and restored elsewhere: all that was over reads the same, a job that waited goes on, and one that was under way has failed with the reason",
        .enabled(if: Program.has("curl")))
    func midRun() throws {
        let sandbox = try Sandbox()
        let server = try Self.midRun(sandbox)
        let before = try server.ask("GET", "/api/v1/runs/1")
        let log = "/api/v1/runs/1/attempts/1/logs/done/2/1"
        let lines = try server.ask("GET", log).text
        #expect(lines.contains("the file says hello"))
        let audit = try server.ask("GET", "/api/v1/audit").body["items"]

        let backup = sandbox.root + "/backup.tar.zst"
        let made = try sandbox.start([Program.path, "server", "backup", "--data", server.data, "--to", backup]).end()
        #expect(made.status == 0, "\(made.err)")
        #expect(made.err.contains("The key that opens the secrets is NOT in it."))
        try server.kill()

        let place = sandbox.root + "/elsewhere/data"
        let restored = try sandbox.start([Program.path, "server", "restore", "--from", backup, "--data", place]).end()
        #expect(restored.status == 0, "\(restored.err)")
        #expect(restored.err.contains("Copy it to '\(place)/master-key'"))
        let refused = try sandbox.start([
            Program.path, "server", "--data", place, "--listen", "127.0.0.1:0",
        ]).end()
        #expect(refused.status != 0 && refused.err.contains("MRT1328"), "\(refused.err)")
        try FileManager.default.copyItem(atPath: server.data + "/master-key", toPath: place + "/master-key")
        // Nothing of the first server is left.
        try FileManager.default.removeItem(atPath: server.data)

        let other = try ServerProcess(sandbox, data: place, ["--label", "nobody-yet"], token: server.token)
        let after = try other.wait("/api/v1/runs/1") { $0["state"].string == "finished" }
        #expect(after["createdAt"] == before.body["createdAt"])
        let (old, new) = (Self.jobs(before.body), Self.jobs(after))
        #expect(new["done"]?["conclusion"].string == "success")
        #expect(new["done"]?["steps"] == old["done"]?["steps"])
        #expect(try other.ask("GET", log).text == lines)
        #expect(new["under-way"]?["conclusion"].string == "failure")
        let reason = new["under-way"]?["reason"]["text"].string ?? ""
        #expect(reason.hasPrefix("The server was restored from its backup of "), "\(reason)")
        #expect(new["later"]?["conclusion"].string == "success", "\(after)")
        let later = try other.ask("GET", "/api/v1/runs/1/attempts/1/logs/later/2/1").text
        #expect(later.contains("later, the file says hello"))
        let end = try other.ask("GET", "/api/v1/runs/1/attempts/1/logs/end/1/1").text
        #expect(end.contains("failure success"))
        let artifacts = try other.ask("GET", "/api/v1/runs/1/artifacts").text
        #expect(artifacts.contains("\"kept\""), "\(artifacts)")
        let found = try other.ask("GET", "/api/v1/audit").body["items"].array
        let told = Set(found.map { $0["what"].string ?? "" })
        #expect(!audit.array.isEmpty && audit.array.allSatisfy { told.contains($0["what"].string ?? "?") })
        let next = try other.ask(
            "POST", "/api/v1/projects/app/runs", #"{"workflow":"ci.yml","ref":"main"}"#)
        #expect(next.status < 300, "\(next.text)")
        FileManager.default.createFile(atPath: sandbox.root + "/go", contents: nil)
        let second = try other.wait("/api/v1/runs/2") { $0["state"].string == "finished" }
        #expect(second["conclusion"].string == "success")
        try other.kill()
    }

    @Test(
        "A backup is refused where a file of it is gone or changed, or where the folder is not empty, and nothing is left behind",
        .enabled(if: Program.has("curl")))
    func refused() throws {
        let sandbox = try Sandbox()
        let server = try ServerProcess(sandbox, data: sandbox.root + "/data")
        let backup = sandbox.root + "/backup"
        let made = try sandbox.start([Program.path, "server", "backup", "--data", server.data, "--to", backup]).end()
        #expect(made.status == 0, "\(made.err)")
        let again = try sandbox.start([Program.path, "server", "backup", "--data", server.data, "--to", backup]).end()
        #expect(again.status != 0 && again.err.contains("MRT1324"), "\(again.err)")
        let inside = try sandbox.start([
            Program.path, "server", "backup", "--data", server.data, "--to", server.data + "/backup",
        ]).end()
        #expect(inside.status != 0 && inside.err.contains("MRT1324"), "\(inside.err)")
        try server.kill()
        #expect(try sandbox.start(["sh", "-c", "cd '\(backup)' && sha256sum -c --quiet SHA256SUMS"]).end().status == 0)

        func restore(_ place: String) throws -> Ended {
            try sandbox.start([Program.path, "server", "restore", "--from", backup, "--data", place]).end()
        }
        let taken = try restore(sandbox.folder + "/..")
        #expect(taken.status != 0 && taken.err.contains("MRT1327"), "\(taken.err)")
        let place = sandbox.root + "/elsewhere"
        try Data("other".utf8).write(to: URL(fileURLWithPath: backup + "/data/last-run"))
        try FileManager.default.removeItem(atPath: backup + "/data/key")
        let damaged = try restore(place)
        #expect(damaged.status != 0 && damaged.err.contains("MRT1326"), "\(damaged.err)")
        #expect(damaged.err.contains("data/key: missing"), "\(damaged.err)")
        #expect(!FileManager.default.fileExists(atPath: place))
        #expect(!FileManager.default.fileExists(atPath: place + ".restoring"))
        let none = try sandbox.start([
            Program.path, "server", "restore", "--from", sandbox.folder, "--data", place,
        ]).end()
        #expect(none.status != 0 && none.err.contains("MRT1325"), "\(none.err)")
    }
}
