// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Git's own `http-backend` behind an HTTP server on loopback; it ends with its owner.
final class GitServer {
    private let process: RunningProgram
    let address: String

    /// - Parameter folder: holds `owner/name.git`.
    init(_ sandbox: Sandbox, folder: String) throws {
        let script = try sandbox.write("../git-server.py", Self.script)
        let port = sandbox.root + "/git-server-port"
        guard mkfifo(port, 0o600) == 0 else { throw POSIXError(.EEXIST) }
        process = try sandbox.start(["python3", script, folder, port])
        let told = try FileHandle(forReadingAtPath: port)?.readToEnd() ?? Data()
        let text = String(decoding: told, as: UTF8.self)
        address = "http://127.0.0.1:" + text.split(separator: "\n").joined()
    }

    deinit {
        process.signal(SIGKILL)
        _ = try? process.end()
    }

    private static let script = """
        import os, subprocess, sys
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        class Git(BaseHTTPRequestHandler):
            def do_GET(self):
                path, _, query = self.path.partition("?")
                parts = path.split("/")
                if len(parts) > 2 and not parts[2].endswith(".git"): parts[2] += ".git"
                environment = dict(
                    os.environ, GIT_PROJECT_ROOT=sys.argv[1], GIT_HTTP_EXPORT_ALL="1", PATH_INFO="/".join(parts),
                    QUERY_STRING=query, REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get("content-type", ""))
                for name in ("git-protocol", "content-encoding"):
                    if self.headers.get(name):
                        environment["HTTP_" + name.upper().replace("-", "_")] = self.headers[name]
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                out = subprocess.run(["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE).stdout
                head, _, rest = out.partition(b"\\r\\n\\r\\n")
                fields = [line.split(": ", 1) for line in head.decode().split("\\r\\n") if ": " in line]
                status = [int(value.split()[0]) for name, value in fields if name == "Status"]
                self.send_response((status or [200])[0])
                for name, value in fields: self.send_header(name, value)
                self.end_headers()
                self.wfile.write(rest)
            do_POST = do_GET
            def log_message(self, *ignored): pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Git)
        with open(sys.argv[2], "w") as told: told.write(f"{server.server_port}\\n")
        server.serve_forever()
        """
}
