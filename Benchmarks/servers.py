# SPDX-License-Identifier: Apache-2.0
"""What the server costs, row by row. Called by scripts/bench-server, which builds what it needs.

Each row starts a server of its own on an empty folder (the API's rows on one that holds many runs), does what a team does to
it, and stops it. Load comes from other processes on the same machine, so both share its cores.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

TABLE_BEGIN = "<!-- server table: begin -->"
TABLE_END = "<!-- server table: end -->"
PATIENCE_SECONDS = 1800
SLEEPER = "on: workflow_dispatch\njobs:\n  wait:\n    runs-on: ubuntu-latest\n    steps:\n      - run: sleep 3600\n"
FIRST_LINE = "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo first line\n"


class Server:
    """A server on loopback, its token, and what asks it."""

    def __init__(self, bench, name, *arguments, keep=False):
        self.bench = bench
        self.data = bench.folder / "servers" / name
        if not keep:
            shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = [bench.martlet, "server", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}", *arguments]
        self.environment = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "HOME", "USER")}
        self.environment["MARTLET_REQUESTS_PER_MINUTE"] = "1000000"
        self.token = None
        self.process = None

    def __enter__(self):
        self.start_seconds = self.start()
        made = subprocess.run(
            [self.bench.martlet, "token", "create", "--name", f"bench {time.time()}", "--scope", "admin", "--json", "--data", str(self.data)],
            check=True, capture_output=True, text=True)
        self.token = json.loads(made.stdout)["token"]
        return self

    def start(self):
        """Seconds until it says that it is ready."""
        log = open(self.data.parent / (self.data.name + ".log"), "ab")
        began = time.monotonic()
        self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env=self.environment, start_new_session=True)
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
        while self.runner_pids() and time.monotonic() < patience:
            time.sleep(0.02)

    def runner_pids(self):
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if f"{self.data}/runner" in path.read_text().split("\0"):
                    found.append(int(path.parent.name))
            except OSError:
                pass
        return found

    def call(self, method, path, body=None, headers=None):
        request = urllib.request.Request(
            self.url + path, method=method, data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **(headers or {})})
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def repository(self, name, workflows):
        """A working copy and the bare repository that it pushes to, which is the project's remote."""
        work, bare = self.data.parent / f"{self.data.name}-{name}", self.data.parent / f"{self.data.name}-{name}.git"
        for folder in (work, bare):
            shutil.rmtree(folder, ignore_errors=True)
        (work / ".github/workflows").mkdir(parents=True)
        for file, text in workflows.items():
            (work / ".github/workflows" / file).write_text(text)
        git(work, "init", "-q", "-b", "main")
        commit(work, "The workflows")
        subprocess.run(["git", "clone", "-q", "--bare", str(work), str(bare)], check=True)
        git(work, "remote", "add", "origin", str(bare))
        return work, bare

    def project(self, name, bare):
        return self.call("POST", "/api/v1/projects", {
            "name": name, "forge": "git", "cloneURL": str(bare), "options": {"pollSeconds": "3600"}})

    def dispatch(self, project, workflow):
        answer = self.call("POST", f"/api/v1/projects/{project}/runs", {"workflow": workflow, "ref": "main"})
        return answer["runs"][0]["run"]

    def memory(self, pid=None):
        """Resident megabytes now, and at the most so far."""
        text = Path(f"/proc/{pid or self.process.pid}/status").read_text()
        found = {line.split(":")[0]: int(line.split()[1]) * 1024 / 1e6 for line in text.splitlines()
                 if line.startswith(("VmRSS", "VmHWM"))}
        return found["VmRSS"], found["VmHWM"]


def git(folder, *arguments):
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder, message):
    git(folder, "add", "-A")
    git(folder, "-c", "user.name=bench", "-c", "user.email=bench@example.invalid",
        "commit", "-q", "--allow-empty", "-m", message)


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, max(0, round(part * len(values) + 0.5) - 1))]


def ms(seconds):
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.1 else f"{seconds * 1e3:.1f} ms"


def within(work, seconds=PATIENCE_SECONDS):
    """What hangs is a fault, not a reason to wait for ever."""
    async def bounded():
        async with asyncio.timeout(seconds):
            return await work

    return asyncio.run(bounded())


class Link:
    """One kept connection of HTTP/1.1, for requests one after the other."""

    def __init__(self, server):
        self.server = server
        self.reader = self.writer = None

    async def request(self, method, path, body=b"", headers=()):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.server.port, limit=1 << 26)
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.server.port}", f"Content-Length: {len(body)}",
                 f"Authorization: Bearer {self.server.token}", "Content-Type: application/json", *headers]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        status = int(head.split(" ", 2)[1])
        fields = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in head.split("\r\n")[1:])}
        if "content-length" in fields:
            return status, await self.reader.readexactly(int(fields["content-length"]))
        if fields.get("transfer-encoding") == "chunked":
            whole = b""
            while size := int((await self.reader.readline()).strip() or b"0", 16):
                whole += await self.reader.readexactly(size)
                await self.reader.readline()
            await self.reader.readline()
            return status, whole
        return status, b""

    def close(self):
        if self.writer:
            self.writer.close()


class Events:
    """A stream of server-sent events."""

    def __init__(self, server, path):
        self.server, self.path = server, path

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.server.port, limit=1 << 24)
        self.writer.write(
            f"GET {self.path} HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
            f"Authorization: Bearer {self.server.token}\r\n\r\n".encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        if " 200 " not in head.split("\r\n")[0] + " ":
            raise RuntimeError(f"{self.path}: {head.splitlines()[0]}")
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def __aiter__(self):
        kind, data = "message", None
        while line := await self.reader.readline():
            text = line.decode().rstrip("\r\n")
            if text.startswith("event: "):
                kind = text[7:]
            elif text.startswith("data: "):
                data = json.loads(text[6:])
            elif not text and data is not None:
                yield kind, data
                kind, data = "message", None


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = Path(options.folder).resolve()
        self.martlet = str(Path(options.martlet).resolve())
        (self.folder / "servers").mkdir(parents=True, exist_ok=True)

    # Rows

    def start(self):
        """An empty folder, then the folder of a server that was there before; memory after it has had nothing to do."""
        cold, warm, memory, runner = [], [], [], []
        for _ in range(self.options.repeats):
            with Server(self, "start") as server:
                cold.append(server.start_seconds)
                time.sleep(2)
                memory.append(server.memory()[0])
                runner += [server.memory(pid)[0] for pid in server.runner_pids()]
                server.stop()
                warm.append(server.start())
        middle = statistics.median
        return [
            ("cold start to ready, an empty folder", "≤ 300 ms", ms(middle(cold)),
             f"{' '.join(ms(x) for x in cold)}; again {ms(middle(warm))}", middle(cold) <= 0.3),
            ("idle server, resident", "≤ 60 MB", f"{middle(memory):.0f} MB",
             f"its own runner, a second process, {middle(runner):.0f} MB", middle(memory) <= 60),
        ]

    def push(self):
        return within(self.push_to_line())

    async def push_to_line(self):
        """A git push, its webhook, until a client that follows the page's streams has the first line of the job's log."""
        with Server(self, "push", "--capacity", "64") as server:
            _, sleepers = server.repository("sleepers", {"sleep.yml": SLEEPER})
            server.project("sleepers", sleepers)
            work, bare = server.repository("app", {"ci.yml": FIRST_LINE})
            server.project("app", bare)
            secret = server.call("POST", "/api/v1/projects/app/webhook-secret")["secret"]
            sleeping = [server.dispatch("sleepers", "sleep.yml") for _ in range(50)]
            for run in sleeping:
                while server.call("GET", f"/api/v1/runs/{run}")["state"] != "running":
                    await asyncio.sleep(0.05)
            hook, whole = [], []
            async with Events(server, "/api/v1/events") as overview:
                updates = overview.__aiter__()
                for number in range(self.options.pushes):
                    took = await self.one_push(server, work, secret, updates, number)
                    if number >= 5:
                        hook.append(took[0])
                        whole.append(took[1])
            going = sum(server.call("GET", f"/api/v1/runs/{run}")["state"] == "running" for run in sleeping)
            for run in sleeping:
                server.call("POST", f"/api/v1/runs/{run}/cancel", {"force": True})
            if going != 50:
                sys.exit(f"only {going} of 50 sleeping runs are going at the end")
        half, most = percentile(hook, 0.5), percentile(hook, 0.99)
        return [(
            "push → a job's first line on the page, 50 runs of sleeping steps going", "p50 ≤ 150 ms, p99 ≤ 500 ms",
            f"{ms(half)}, {ms(most)}",
            f"{len(hook)} pushes, from the webhook; from the start of `git push` {ms(percentile(whole, 0.5))}, "
            f"{ms(percentile(whole, 0.99))}; worst {ms(max(hook))}", half <= 0.15 and most <= 0.5)]

    async def one_push(self, server, work, secret, updates, number):
        (work / "file").write_text(str(number))
        commit(work, f"Change {number}")
        before = subprocess.run(["git", "rev-parse", "HEAD~1", "HEAD"], cwd=work, check=True, capture_output=True, text=True)
        old, new = before.stdout.split()
        began = time.monotonic()
        git(work, "push", "-q", "origin", "main")
        told = time.monotonic()
        body = json.dumps({"ref": "refs/heads/main", "before": old, "after": new}).encode()
        signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        link = Link(server)
        status, text = await link.request(
            "POST", "/hooks/git/app", body, [f"X-Martlet-Signature: {signature}", f"X-Martlet-Delivery: push-{number}"])
        if status != 202:
            sys.exit(f"the webhook was answered {status}: {text.decode()}")
        link.close()
        run = None
        async for _, data in updates:
            if data.get("run") is not None and self.is_new(server, data["run"]):
                run = data["run"]
                break
        async with Events(server, f"/api/v1/runs/{run}/attempts/1/logs/build/1/1") as log:
            async for kind, data in log:
                if data.get("text") == "first line":
                    now = time.monotonic()
                elif kind == "end":
                    break
        # The run is over before the next push: each is one of its own.
        async for _, data in updates:
            if data.get("run") == run and data.get("type") == "runFinished":
                break
        return now - told, now - began

    def is_new(self, server, run):
        self.newest = getattr(self, "newest", {})
        if int(run) <= self.newest.get(server.port, 50):
            return False
        self.newest[server.port] = int(run)
        return True

    def jobs(self):
        return within(self.no_op_jobs())

    async def no_op_jobs(self):
        """Runs of 50 jobs each, carried out by a runner whose executor does nothing."""
        rates = []
        for width in self.options.widths:
            with Server(self, "jobs", "--capacity", "0") as server:
                legs = ", ".join(str(n) for n in range(width))
                text = ("on: workflow_dispatch\njobs:\n  j:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n"
                        f"        leg: [{legs}]\n    steps:\n      - run: 'true'\n")
                _, bare = server.repository("app", {"ci.yml": text})
                server.project("app", bare)
                with NoOpRunner(server):
                    total = self.options.jobs
                    began = time.monotonic()
                    async with Events(server, "/api/v1/events") as overview:
                        await self.start_runs(server, total // width)
                        ended = set()
                        async for _, data in overview:
                            if data.get("type") == "runFinished":
                                ended.add(data["run"])
                            if len(ended) == total // width:
                                break
                    rates.append(total / (time.monotonic() - began))
        return [(
            "jobs started and ended a second, no-op executor, one server, SQLite", "≥ 200/s", f"{rates[0]:.0f}/s",
            f"{self.options.jobs} jobs in runs of 50, from the first request to the last end; in runs of one job each"
            f" {rates[1]:.0f}/s (dispatch by API included)", rates[0] >= 200)]

    async def start_runs(self, server, count):
        """Dispatches, over a few connections."""
        waiting = list(range(count))

        async def worker():
            link = Link(server)
            while waiting:
                waiting.pop()
                status, text = await link.request("POST", "/api/v1/projects/app/runs",
                                                  b'{"workflow": "ci.yml", "ref": "main"}')
                if status != 201:
                    sys.exit(f"a dispatch was answered {status}: {text.decode()}")
            link.close()

        await asyncio.gather(*(worker() for _ in range(8)))

    def api(self):
        """Lists and run pages of a server that holds many runs, made by it."""
        name, wanted = "many", self.options.runs
        made = self.folder / "servers" / name / "made"
        keep = made.exists() and made.read_text() == str(wanted)
        with Server(self, name, "--capacity", "0", keep=keep) as server:
            if not keep:
                began = time.monotonic()
                within(self.fill(server, wanted))
                print(f"  {wanted} runs took {time.monotonic() - began:.0f} s", file=sys.stderr)
                made.write_text(str(wanted))
            took, errors, seconds = within(self.ask(server, wanted))
            memory = server.memory()[1]
        rows = []
        for kind, values in took.items():
            most = percentile(values, 0.99)
            rows.append((
                f"API, {kind}, {wanted} runs, 50 clients, 200 requests a second in all", "p99 ≤ 50 ms, errors 0",
                f"{ms(most)}, {errors} errors",
                f"p50 {ms(percentile(values, 0.5))}, worst {ms(max(values))}, {len(values)} requests in {seconds:.0f} s;"
                f" server at most {memory:.0f} MB", most <= 0.05 and errors == 0))
        return rows

    async def fill(self, server, count):
        _, bare = server.repository("app", {"ci.yml": FIRST_LINE.replace("on: push", "on: workflow_dispatch")})
        server.project("app", bare)
        with NoOpRunner(server):
            async with Events(server, "/api/v1/events") as overview:
                starting = asyncio.create_task(self.start_runs(server, count))
                ended = set()
                async for _, data in overview:
                    if data.get("type") == "runFinished":
                        ended.add(data["run"])
                    if len(ended) == count:
                        break
                await starting

    async def ask(self, server, runs):
        """Each client asks at a time of its own, whether the one before was answered or not: 200 a second in all."""
        seconds, clients, rate = self.options.seconds, 50, 200
        kinds = {
            "list of runs": lambda n: f"/api/v1/runs?limit=50&before={max(100, (n * 7919) % runs)}" if n % 2
            else "/api/v1/runs?project=app&limit=50",
            "a run": lambda n: f"/api/v1/runs/{1 + (n * 104729) % runs}",
            "the run's page": lambda n: f"/runs/{1 + (n * 104729) % runs}/1",
        }
        took, errors = {kind: [] for kind in kinds}, 0
        began = time.monotonic() + 0.5

        async def client(number):
            nonlocal errors
            link = Link(server)
            for turn in range(int(seconds * rate / clients)):
                due = began + (turn * clients + number) / rate
                await asyncio.sleep(max(0, due - time.monotonic()))
                n = turn * clients + number
                kind = list(kinds)[n % len(kinds)]
                status, _ = await link.request("GET", kinds[kind](n))
                # Counted from when it was due: a client that is kept waiting does not hide that.
                took[kind].append(time.monotonic() - due)
                if status != 200:
                    errors += 1
                    print(f"  {kinds[kind](n)} was answered {status}", file=sys.stderr)
            link.close()

        await asyncio.gather(*(client(number) for number in range(clients)))
        return took, errors, seconds

    def log(self):
        """See Sources/Testing/log-bench."""
        done = subprocess.run([self.options.log_bench, str(self.folder), "500"], check=True, capture_output=True, text=True)
        found = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
        return self.log_rows(found)

    def log_rows(self, found):
        what = "a log of 500 MB, lines of 100 bytes: "
        stored = min(row["megabytesPerSecond"] for name, row in found.items() if name.startswith("ingest"))
        searches = {name: row for name, row in found.items() if name.startswith("search")}
        slowest = max(searches, key=lambda name: searches[name]["seconds"])
        seconds, first = searches[slowest]["seconds"], found["screen, first"]["seconds"]
        return [
            (what + "stored, as from a runner", "≥ 200 MB/s", f"{stored} MB/s", "—", stored >= 200),
            (what + "regex search of the whole", "≤ 2 s", ms(seconds),
             f"the slowest of {len(searches)}: `{slowest.removeprefix('search, expression ')}`, {searches[slowest]['result']};"
             f" median {ms(statistics.median(row['seconds'] for row in searches.values()))}", seconds <= 2),
            (what + "first screen", "≤ 100 ms", ms(first),
             f"last {ms(found['screen, last']['seconds'])}, middle {ms(found['screen, middle']['seconds'])}", first <= 0.1),
        ]

    def followers(self):
        """1 000 clients on ten logs that ten jobs write, 100 lines a second each."""
        seconds, logs, clients = self.options.follow_seconds, 10, self.options.clients
        lines = seconds * 100
        talk = (f"import time\nstart = time.monotonic()\nfor n in range({lines}):\n"
                "    time.sleep(max(0, start + n / 100 - time.monotonic()))\n"
                "    print(f'line {n} of the log, with some words to make it as long as lines are wont to be', flush=True)\n")
        text = ("on: workflow_dispatch\njobs:\n  talk:\n    runs-on: ubuntu-latest\n    steps:\n"
                "      - uses: actions/checkout@v4\n      - run: python3 .github/workflows/talk.py\n")
        with Server(self, "followers", "--capacity", str(logs)) as server:
            _, bare = server.repository("app", {"ci.yml": text, "talk.py": talk})
            server.project("app", bare)
            runs = [server.dispatch("app", "ci.yml") for _ in range(logs)]
            paths = [f"/api/v1/runs/{run}/attempts/1/logs/talk/2/1" for run in runs]
            began = time.monotonic()
            process = subprocess.Popen(
                [self.options.followers, str(server.port), server.token, str(clients), *paths],
                stdout=subprocess.PIPE, text=True)
            if process.stdout.readline().strip() != "following":
                sys.exit("the followers do not follow")
            answered = time.monotonic() - began
            counts = process.stdout.readline().split(" ", 3)
            process.wait()
            memory = server.memory()[1]
            # With what the runner says before the script speaks.
            lines = max(self.last_line(server, path) for path in paths)
            conclusions = {server.call("GET", f"/api/v1/runs/{run}").get("conclusion") for run in runs}
        wanted, got, faults = clients * lines, int(counts[1]), int(counts[2])
        holds = memory <= 200 and got == wanted and faults == 0
        return [(
            f"{clients} clients following logs of 100 lines a second by server-sent events", "≤ 200 MB, no line lost",
            f"{memory:.0f} MB, {wanted - got} lost",
            f"{got} lines in {time.monotonic() - began:.0f} s of {logs} logs; all answered after {answered:.1f} s; "
            f"{faults} faults {counts[3].strip()}; runs {', '.join(map(str, conclusions))}", holds)]


    def last_line(self, server, path):
        request = urllib.request.Request(
            server.url + path + "?tail=1", headers={"Authorization": f"Bearer {server.token}"})
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())["n"]


class NoOpRunner:
    def __init__(self, server):
        self.server = server

    def __enter__(self):
        registration = self.server.call("POST", "/api/v1/registrations", {})
        self.process = subprocess.Popen(
            [self.server.bench.options.no_op_runner, self.server.url, registration["secret"], "256"],
            stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            sys.exit("the runner is not ready")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def about(load):
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown")
    return f"- {model}, {os.cpu_count()} cores, Linux {platform.release()}; load average {load[0]:.2f} before"


def main():
    names = ["start", "push", "jobs", "api", "log", "followers"]
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("folder", "martlet", "no-op-runner", "log-bench", "followers"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--pushes", type=int, default=205)
    parser.add_argument("--jobs", type=int, default=5000)
    parser.add_argument("--widths", type=lambda text: [int(n) for n in text.split(",")], default=[50, 1])
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=30, help="how long the API is asked")
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--follow-seconds", type=int, default=30)
    parser.add_argument("--only", default=",".join(names), help="rows, separated by commas: " + ", ".join(names))
    parser.add_argument("--write", action="store_true", help="put the table into docs/reference/performance.md")
    options = parser.parse_args()
    load = os.getloadavg()
    bench, rows = Bench(options), []
    for name in options.only.split(","):
        print(f"{name} …", file=sys.stderr, flush=True)
        for row in getattr(bench, name)():
            rows.append(row)
            print(f"  {row[0]}: {row[2]} ({row[1]}; {row[3]})", file=sys.stderr, flush=True)
    table = ["| what | must reach | got | raw |", "|---|---|---|---|"]
    table += [f"| {what} | {limit} | {got}{'' if holds else ' **missed**'} | {raw} |" for what, limit, got, raw, holds in rows]
    text = "\n".join([about(load), ""] + table)
    print(text)
    if options.write:
        path = Path(__file__).resolve().parent.parent / "docs/reference/performance.md"
        before, rest = path.read_text().split(TABLE_BEGIN)
        path.write_text(before + TABLE_BEGIN + "\n" + text + "\n" + TABLE_END + rest.split(TABLE_END)[1])
    sys.exit(0 if all(row[4] for row in rows) else 1)


if __name__ == "__main__":
    main()
