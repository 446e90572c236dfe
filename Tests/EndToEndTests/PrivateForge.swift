// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A forge on loopback as far as a project needs one: repositories behind a password, over git's own `http-backend`, and commit
/// statuses with a token. It ends with its owner.
final class PrivateForge {
    private let process: RunningProgram
    let address: String
    private let statuses: String

    static let (user, password, token) = ("ci", "pass-w0rd", "status-t0ken")

    /// - Parameter folder: holds `owner/name.git`.
    init(_ sandbox: Sandbox, folder: String) throws {
        let script = try sandbox.write("../private-forge.py", Self.script)
        let port = sandbox.root + "/private-forge-port"
        statuses = sandbox.root + "/statuses"
        guard mkfifo(port, 0o600) == 0 else { throw POSIXError(.EEXIST) }
        process = try sandbox.start(["python3", script, folder, port, statuses])
        let told = try FileHandle(forReadingAtPath: port)?.readToEnd() ?? Data()
        address = "http://127.0.0.1:" + String(decoding: told, as: UTF8.self).split(separator: "\n").joined()
    }

    deinit {
        process.signal(SIGKILL)
        _ = try? process.end()
    }

    /// What it was told: `path state`.
    var told: [String] {
        ((try? String(contentsOfFile: statuses, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }

    private static let script = """
        import base64, json, os, subprocess, sys
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        opened = "Basic " + base64.b64encode(b"\(user):\(password)").decode()

        class Forge(BaseHTTPRequestHandler):
            def refuse(self):
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="forge"')
                self.send_header("Content-Length", "0")
                self.end_headers()
            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                if self.path.startswith("/api/"): return self.status(body)
                if self.headers.get("authorization") != opened: return self.refuse()
                path, _, query = self.path.partition("?")
                environment = dict(
                    os.environ, GIT_PROJECT_ROOT=sys.argv[1], GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path,
                    QUERY_STRING=query, REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get("content-type", ""))
                for name in ("git-protocol", "content-encoding"):
                    if self.headers.get(name):
                        environment["HTTP_" + name.upper().replace("-", "_")] = self.headers[name]
                out = subprocess.run(["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE).stdout
                head, _, rest = out.partition(b"\\r\\n\\r\\n")
                fields = [line.split(": ", 1) for line in head.decode().split("\\r\\n") if ": " in line]
                status = [int(value.split()[0]) for name, value in fields if name == "Status"]
                self.send_response((status or [200])[0])
                for name, value in fields: self.send_header(name, value)
                self.end_headers()
                self.wfile.write(rest)
            do_POST = do_GET
            def status(self, body):
                if self.headers.get("authorization") != "token \(token)": return self.refuse()
                with open(sys.argv[3], "a") as told: told.write(f"{self.path} {json.loads(body)['state']}\\n")
                self.send_response(201)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")
            def log_message(self, *ignored): pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Forge)
        with open(sys.argv[2], "w") as told: told.write(f"{server.server_port}\\n")
        server.serve_forever()
        """
}
