# SPDX-License-Identifier: Apache-2.0
"""From a push's hook to the first line of the job that it starts, while fifty others sleep."""

import asyncio
import hashlib
import hmac
import json
import subprocess
import sys
import time
import urllib.parse

from serving import buildbot
from serving.martlet import Server
from serving.measures import Row, commit, git, ms, percentile, times, turns, within
from serving.wire import Events, Link

SLEEPERS = buildbot.WIDTH
WARM_UP = 5
SLEEPER = "on: workflow_dispatch\njobs:\n  wait:\n    runs-on: ubuntu-latest\n    steps:\n      - run: sleep 3600\n"
FIRST_LINE = "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo first line\n"


class Times:
    """Seconds from the hook's request, and from the start of `git push`, to the line."""

    def __init__(self):
        self.hook, self.whole = [], []

    def add(self, number, pushed, line):
        if number >= WARM_UP:
            self.hook.append(line - pushed.told)
            self.whole.append(line - pushed.began)

    def middle_and_most(self):
        return percentile(self.hook, 0.5), percentile(self.hook, 0.99)


class Push:
    """A commit, pushed to the bare repository."""

    def __init__(self, work, number):
        (work / "file").write_text(str(number))
        commit(work, f"Change {number}")
        both = subprocess.run(
            ["git", "rev-parse", "HEAD~1", "HEAD"], cwd=work, check=True, capture_output=True, text=True).stdout
        self.old, self.new = both.split()
        self.began = time.monotonic()
        git(work, "push", "-q", "origin", "main")
        self.told = time.monotonic()


class MartletPushes:
    def __init__(self, bench, count):
        self.bench, self.count, self.times, self.newest = bench, count, Times(), 0

    def __call__(self):
        within(self.measure())

    async def measure(self):
        """A push, its webhook, until a client that follows the page's streams has the first line of the job's log."""
        with Server(self.bench, "push", "--capacity", "64") as server:
            _, sleepers = server.repository("sleepers", {"sleep.yml": SLEEPER})
            server.project("sleepers", sleepers)
            work, bare = server.repository("app", {"ci.yml": FIRST_LINE})
            server.project("app", bare)
            secret = server.call("POST", "/api/v1/projects/app/webhook-secret")["secret"]
            sleeping = [server.dispatch("sleepers", "sleep.yml") for _ in range(SLEEPERS)]
            for run in sleeping:
                while server.call("GET", f"/api/v1/runs/{run}")["state"] != "running":
                    await asyncio.sleep(0.05)
            self.newest = max(map(int, sleeping))
            async with Events(server, "/api/v1/events") as overview:
                updates = overview.__aiter__()
                for number in range(self.count + WARM_UP):
                    pushed = Push(work, number)
                    await self.tell(server, secret, pushed, number)
                    self.times.add(number, pushed, await self.first_line(server, updates))
            going = sum(server.call("GET", f"/api/v1/runs/{run}")["state"] == "running" for run in sleeping)
            for run in sleeping:
                server.call("POST", f"/api/v1/runs/{run}/cancel", {"force": True})
            if going != SLEEPERS:
                sys.exit(f"only {going} of {SLEEPERS} sleeping runs are going at the end")

    async def tell(self, server, secret, pushed, number):
        body = json.dumps({"ref": "refs/heads/main", "before": pushed.old, "after": pushed.new}).encode()
        signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        link = Link(server)
        status, text = await link.request(
            "POST", "/hooks/git/app", body, [f"X-Martlet-Signature: {signature}", f"X-Martlet-Delivery: push-{number}"])
        if status != 202:
            sys.exit(f"the webhook was answered {status}: {text.decode()}")
        link.close()

    async def first_line(self, server, updates):
        """When the line was there; the run is over then, so that each push is one of its own."""
        async for _, data in updates:
            if data.get("run") is not None and int(data["run"]) > self.newest:
                self.newest = int(data["run"])
                break
        async with Events(server, f"/api/v1/runs/{self.newest}/attempts/1/logs/build/1/1") as log:
            async for kind, data in log:
                if data.get("text") == "first line":
                    now = time.monotonic()
                elif kind == "end":
                    break
        async for _, data in updates:
            if data.get("run") is not None and int(data["run"]) == self.newest and data.get("type") == "runFinished":
                return now


class BuildbotPushes:
    def __init__(self, bench, count):
        self.bench, self.count, self.times, self.newest = bench, count, Times(), 0

    def __call__(self):
        within(self.measure())

    async def measure(self):
        """The same with a change hook, and the streams and requests by which Buildbot's page shows a log that grows."""
        with buildbot.Master(self.bench, "push", "sleep,app") as master:
            self.newest = 0
            work = self.repository(master)
            master.force("sleep")
            while master.running() != SLEEPERS:
                await asyncio.sleep(0.2)
            async with Events(master, "/sse/listen/logs/*/append") as appended, \
                    Events(master, "/sse/listen/builds/*/finished") as finished:
                lines, ends = appended.__aiter__(), finished.__aiter__()
                for number in range(self.count + WARM_UP):
                    pushed = Push(work, number)
                    await self.tell(master, pushed, work)
                    self.times.add(number, pushed, await self.first_line(master, lines, ends))
            if (going := master.running()) != SLEEPERS:
                sys.exit(f"only {going} of {SLEEPERS} sleeping builds are going at the end")

    def repository(self, master):
        work, bare = master.folder / "app", master.folder / "app.git"
        work.mkdir()
        git(work, "init", "-q", "-b", "main")
        commit(work, "Nothing")
        git(master.folder, "clone", "-q", "--bare", str(work), str(bare))
        git(work, "remote", "add", "origin", str(bare))
        return work

    async def tell(self, master, pushed, work):
        form = urllib.parse.urlencode({
            "author": "bench", "branch": "main", "revision": pushed.new, "comments": "A change", "files": '["file"]',
            "repository": str(work)})
        link = Link(master)
        status, text = await link.request(
            "POST", "/change_hook/base", form.encode(), ["Content-Type: application/x-www-form-urlencoded"])
        if status != 200:
            sys.exit(f"the change hook was answered {status}: {text.decode()}")
        link.close()

    async def first_line(self, master, lines, ends):
        link, now = Link(master), None
        async for kind, data in lines:
            # What the log before this one says at its end comes late.
            if kind != "event" or (log := data["message"]["logid"]) <= self.newest:
                continue
            _, text = await link.request("GET", f"/api/v2/logs/{log}/contents")
            if b"ofirst line" in text:
                now, self.newest = time.monotonic(), log
                break
        link.close()
        async for kind, data in ends:
            if kind == "event" and data["key"][0] == "builds":
                return now


def rows(bench):
    options = bench.options
    count = -(-options.pushes // options.rounds)
    martlet, peer = MartletPushes(bench, count), BuildbotPushes(bench, count) if bench.buildbot else None
    turns(options.rounds, martlet, *([peer] if peer else []))
    half, most = martlet.times.middle_and_most()
    whole = martlet.times.whole
    row = Row(
        f"push → a job's first line on the page, {SLEEPERS} runs of sleeping steps going", "p50 ≤ 150 ms, p99 ≤ 500 ms",
        f"{ms(half)}, {ms(most)}",
        f"{len(whole)} pushes, from the webhook; from the start of `git push` {ms(percentile(whole, 0.5))}, "
        f"{ms(percentile(whole, 0.99))}; worst {ms(max(martlet.times.hook))}", half <= 0.15 and most <= 0.5)
    if peer:
        their_half, their_most = peer.times.middle_and_most()
        row.peer = f"{ms(their_half)}, {ms(their_most)}"
        row.ratio = f"{times(half, their_half)}, {times(most, their_most)}"
    return [row]
