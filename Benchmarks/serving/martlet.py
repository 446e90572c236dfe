# SPDX-License-Identifier: Apache-2.0
"""Martlet's server as a process on loopback, and a runner of it that does nothing."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from serving import measures


class Server:
    """A server on loopback, its token, and what asks it."""

    def __init__(self, bench, name, *arguments, keep=False):
        self.bench = bench
        self.data = bench.folder / "servers" / name
        if not keep:
            shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True, exist_ok=True)
        self.port = measures.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = [
            bench.martlet, "server", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}", *arguments]
        self.environment = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "HOME", "USER")}
        self.environment["MARTLET_REQUESTS_PER_MINUTE"] = "1000000"
        self.token = None
        self.process = None

    def __enter__(self):
        self.start_seconds = self.start()
        made = subprocess.run(
            [self.bench.martlet, "token", "create", "--name", f"bench {time.time()}", "--scope", "admin", "--json",
             "--data", str(self.data)],
            check=True, capture_output=True, text=True)
        self.token = json.loads(made.stdout)["token"]
        return self

    def start(self):
        """Seconds until it says that it is ready."""
        log = open(self.data.parent / (self.data.name + ".log"), "ab")
        began = time.monotonic()
        self.process = subprocess.Popen(
            self.command, stdout=log, stderr=log, env=self.environment, start_new_session=True)
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
                    link.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
                    if b" 200 " in link.recv(100):
                        return time.monotonic() - began
            except OSError:
                pass
            if self.process.poll() is not None:
                sys.exit(f"the server ended: see {log.name}")
            time.sleep(0.001)

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        # Two signals: the first lets jobs end, the second ends them. Their supervisors go with the runner.
        for pause in (0.3, 0):
            for pid in self.runner_pids()[:1]:
                os.kill(pid, signal.SIGTERM)
                time.sleep(pause)
        patience = time.monotonic() + 20
        while self.runner_pids():
            if time.monotonic() > patience:
                sys.exit(f"the runner in {self.data} does not end")
            time.sleep(0.02)

    def runner_pids(self):
        """The runner, then what it forked; numbers begin anew some day, so they do not say who was first."""
        found = {}
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if f"{self.data}/runner" in path.read_text().split("\0"):
                    fields = (path.parent / "stat").read_text().rsplit(")", 1)[1].split()
                    found[int(path.parent.name)] = int(fields[1])
            except OSError:
                pass
        return sorted(found, key=lambda pid: found[pid] in found)

    def call(self, method, path, body=None, headers=None):
        request = urllib.request.Request(
            self.url + path, method=method, data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **(headers or {})})
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def text(self, path):
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def repository(self, name, workflows):
        """A working copy and the bare repository that it pushes to, which is the project's remote."""
        work, bare = self.data.parent / f"{self.data.name}-{name}", self.data.parent / f"{self.data.name}-{name}.git"
        for folder in (work, bare):
            shutil.rmtree(folder, ignore_errors=True)
        (work / ".github/workflows").mkdir(parents=True)
        for file, text in workflows.items():
            (work / ".github/workflows" / file).write_text(text)
        measures.git(work, "init", "-q", "-b", "main")
        measures.commit(work, "The workflows")
        subprocess.run(["git", "clone", "-q", "--bare", str(work), str(bare)], check=True)
        measures.git(work, "remote", "add", "origin", str(bare))
        return work, bare

    def project(self, name, bare):
        return self.call("POST", "/api/v1/projects", {
            "name": name, "forge": "git", "cloneURL": str(bare), "options": {"pollSeconds": "3600"}})

    def dispatch(self, project, workflow):
        answer = self.call("POST", f"/api/v1/projects/{project}/runs", {"workflow": workflow, "ref": "main"})
        return answer["runs"][0]["run"]

    def memory(self, pid=None):
        return measures.memory(pid or self.process.pid)

    def last_line(self, path):
        request = urllib.request.Request(
            self.url + path + "?tail=1", headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())["n"]


class NoOpRunner:
    def __init__(self, server, name="no-op"):
        self.server, self.name = server, name

    def __enter__(self):
        registration = self.server.call("POST", "/api/v1/registrations", {})
        self.process = subprocess.Popen(
            [self.server.bench.options.no_op_runner, self.server.url, registration["secret"], "256",
             self.name],
            stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            sys.exit("the runner is not ready")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


