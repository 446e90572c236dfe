# SPDX-License-Identifier: Apache-2.0
"""Buildbot, the peer: a master and a worker as processes on loopback, laid out by `master.cfg`."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from serving import measures

PACKAGES = ["buildbot[bundle]==4.3.0", "buildbot-worker==4.3.0"]
# Builders of a group, which `master.cfg` makes.
WIDTH = 50
LOG_LINES = 500_000
LOG_COMMAND = f"yes {'0123456789' * 9}012345678 | head -n {LOG_LINES}"


def installed(folder):
    """A venv with Buildbot in it; the bundle is its page, which comes with it as its manual has it."""
    venv = folder / "buildbot-venv"
    if not (venv / "whole").exists():
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([venv / "bin/pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True)
        (venv / "whole").touch()
    return venv


def version(venv):
    said = subprocess.run(
        [venv / "bin/pip", "--disable-pip-version-check", "freeze"], check=True, capture_output=True, text=True).stdout
    found = dict(word.lower().split("==") for word in said.split() if "==" in word)
    return (f"Buildbot {found['buildbot']} (Twisted {found['twisted']}, SQLAlchemy {found['sqlalchemy']}, "
            f"Python {sys.version.split()[0]})")


class Master:
    """A master with the builders of some groups, and a worker that carries `capacity` builds at once.

    On an empty database unless `keep`.
    """

    token = None

    def __init__(self, bench, name, groups, capacity=64, keep=False):
        self.folder = bench.folder / "servers" / f"buildbot-{name}"
        self.bin = bench.buildbot / "bin"
        self.port, self.worker_port = measures.free_port(), measures.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "HOME", "USER")}
        self.environment |= {
            "BENCH_WEB_PORT": str(self.port), "BENCH_WORKER_PORT": str(self.worker_port),
            "BENCH_CAPACITY": str(capacity), "BENCH_WIDTH": str(WIDTH), "BENCH_GROUPS": groups,
            "BENCH_LOG_COMMAND": LOG_COMMAND}
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = self.worker = None
        self.prepare()

    def prepare(self):
        master, worker = self.folder / "master", self.folder / "worker"
        master.mkdir(exist_ok=True)
        shutil.copy(Path(__file__).parent / "master.cfg", master)
        if not (master / "state.sqlite").exists():
            self.run("buildbot", "create-master", "-r", "-q", str(master))
        shutil.rmtree(worker, ignore_errors=True)
        address = f"127.0.0.1:{self.worker_port}"
        self.run("buildbot-worker", "create-worker", "-r", "-q", str(worker), address, "own", "bench")

    def run(self, program, *arguments):
        subprocess.run([self.bin / program, *arguments], cwd=self.folder, env=self.environment, check=True,
                       stdout=subprocess.DEVNULL)

    def __enter__(self):
        try:
            self.start_seconds = self.start()
            self.start_worker()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        """Seconds until its log says that it runs, for which `buildbot start` waits; its API answers by then."""
        log = self.folder / "master/twistd.log"
        began = time.monotonic()
        self.process = self.spawn("master")
        while True:
            if log.exists() and "BuildMaster is running" in log.read_text():
                return time.monotonic() - began
            if self.process.poll() is not None:
                sys.exit(f"the master ended: see {log}")
            time.sleep(0.001)

    def start_worker(self):
        self.worker = self.spawn("worker")
        while not any(each["connected_to"] for each in self.get("/api/v2/workers")["workers"]):
            time.sleep(0.02)
        while self.get("/api/v2/builders?limit=1")["meta"]["total"] > self.attached():
            time.sleep(0.1)

    def attached(self):
        """Of how many builders the master has said that the worker is there."""
        return sum(" attached to " in line for line in (self.folder / "master/twistd.log").read_text().splitlines())

    def spawn(self, name):
        """As `buildbot start --nodaemon` does it."""
        log = open(self.folder / f"{name}.log", "ab")
        (self.folder / name / "twistd.log").unlink(missing_ok=True)
        return subprocess.Popen(
            [self.bin / "twistd", "--nodaemon", "--no_save", "--pidfile=", "-y", "buildbot.tac"],
            cwd=self.folder / name, stdout=log, stderr=log, env=self.environment, start_new_session=True)

    def __exit__(self, *_):
        left = descendants(self.worker.pid) if self.worker else []
        for process in filter(None, (self.worker, self.process)):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return json.loads(answer.read())

    def force(self, group, builder=None):
        """Asks for a build of each builder of a group, or of one of them."""
        with urllib.request.urlopen(self.forcing(group, builder), timeout=60) as answer:
            answer.read()

    def forcing(self, group, builder=None):
        path, body = force_request(group, builder)
        return urllib.request.Request(self.url + path, data=body, headers={"Content-Type": "application/json"})

    def builders(self, group):
        found = self.get("/api/v2/builders")["builders"]
        return [each["builderid"] for each in found if each["name"].startswith(group)]

    def running(self):
        return len(self.get("/api/v2/builds?complete=false")["builds"])


def force_request(group, builder=None):
    parameters = {"owner": "bench"} | ({"builderid": builder} if builder else {})
    call = {"jsonrpc": "2.0", "id": 1, "method": "force", "params": parameters}
    return f"/api/v2/forceschedulers/force-{group}", json.dumps(call).encode()


def descendants(pid):
    """Processes that a process started, and those of these: a worker gives each command a group of its own."""
    children = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found = list(children.get(pid, []))
    for child in found:
        found += children.get(child, [])
    return found
