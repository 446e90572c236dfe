# SPDX-License-Identifier: Apache-2.0
"""A large log: the store of logs alone (`Sources/Testing/log-bench`), then a job that writes one."""

import json
import statistics
import subprocess
import sys
import time

from serving import buildbot
from serving.martlet import Server
from serving.measures import Row, ms, percentile, times, turns, within
from serving.wire import Events, Link

MEGABYTES = 500
LINES, LINE_BYTES = buildbot.LOG_LINES, 100
SCREEN = 100
LOOKS = 20
WRITER = ("on: workflow_dispatch\njobs:\n  write:\n    runs-on: ubuntu-latest\n    steps:\n"
          f"      - run: {buildbot.LOG_COMMAND}\n")


def rows(bench):
    done = subprocess.run(
        [bench.options.log_bench, str(bench.folder), str(MEGABYTES)], check=True, capture_output=True, text=True)
    found = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    return stored(found) + written(bench)


def stored(found):
    what = f"a log of {MEGABYTES} MB, lines of 100 bytes: "
    speed = min(row["megabytesPerSecond"] for name, row in found.items() if name.startswith("ingest"))
    searches = {name: row for name, row in found.items() if name.startswith("search")}
    slowest = max(searches, key=lambda name: searches[name]["seconds"])
    seconds, first = searches[slowest]["seconds"], found["screen, first"]["seconds"]
    return [
        Row(what + "stored, as from a runner", "≥ 200 MB/s", f"{speed} MB/s", "—", speed >= 200),
        Row(what + "regex search of the whole", "≤ 2 s", ms(seconds),
            f"the slowest of {len(searches)}: `{slowest.removeprefix('search, expression ')}`, "
            f"{searches[slowest]['result']}; median "
            f"{ms(statistics.median(row['seconds'] for row in searches.values()))}", seconds <= 2),
        Row(what + "first screen", "≤ 100 ms", ms(first),
            f"last {ms(found['screen, last']['seconds'])}, middle {ms(found['screen, middle']['seconds'])}",
            first <= 0.1),
    ]


class MartletWriter:
    def __init__(self, bench):
        self.bench, self.took, self.first, self.last = bench, [], [], []

    def __call__(self):
        within(self.measure())

    async def measure(self):
        with Server(self.bench, "log") as server:
            _, bare = server.repository("app", {"ci.yml": WRITER})
            server.project("app", bare)
            async with Events(server, "/api/v1/events") as overview:
                began = time.monotonic()
                run = server.dispatch("app", "ci.yml")
                async for _, data in overview:
                    if data.get("type") == "runFinished":
                        break
                self.took.append(time.monotonic() - began)
            path = f"/api/v1/runs/{run}/attempts/1/logs/write/1/1"
            if (got := server.last_line(path)) < LINES:
                sys.exit(f"{got} of {LINES} lines came")
            self.first += await looks(server, f"{path}?limit={SCREEN}")
            self.last += await looks(server, f"{path}?tail={SCREEN}")


class BuildbotWriter:
    def __init__(self, bench):
        self.bench, self.took, self.first, self.last = bench, [], [], []

    def __call__(self):
        within(self.measure())

    async def measure(self):
        with buildbot.Master(self.bench, "log", "log") as master:
            async with Events(master, "/sse/listen/builds/*/finished") as finished:
                began = time.monotonic()
                master.force("log")
                async for kind, _ in finished:
                    if kind == "event":
                        break
                self.took.append(time.monotonic() - began)
            log = master.get("/api/v2/builds/1/steps/shell/logs/stdio")["logs"][0]
            if log["num_lines"] < LINES or not log["complete"]:
                sys.exit(f"the log is not whole: {log}")
            path = f"/api/v2/logs/{log['logid']}/contents?limit={SCREEN}&offset="
            self.first += await looks(master, f"{path}0")
            self.last += await looks(master, f"{path}{log['num_lines'] - SCREEN}")


async def looks(server, path):
    """Seconds that a screen of lines takes, again and again."""
    link, took = Link(server), []
    for _ in range(LOOKS):
        began = time.monotonic()
        status, text = await link.request("GET", path)
        took.append(time.monotonic() - began)
        if status != 200 or text.count(b"\n") + text.count(b"\\n") < SCREEN:
            sys.exit(f"{path} was answered {status}: {text[:500].decode()}")
    link.close()
    return took


def written(bench):
    """A step that writes the log with `yes`, from the request for its run to the run's end; all of it is there then."""
    martlet, peer = MartletWriter(bench), BuildbotWriter(bench) if bench.buildbot else None
    turns(bench.options.rounds, martlet, *([peer] if peer else []))
    what = f"a job that writes a log of {LINES * LINE_BYTES // 1_000_000} MB: "
    middle = statistics.median
    end = Row(
        what + "from its request to its end", "—", ms(middle(martlet.took)), " ".join(map(ms, martlet.took)), True)
    first = Row(what + f"its first {SCREEN} lines by the API", "—", ms(middle(martlet.first)),
                f"p99 {ms(percentile(martlet.first, 0.99))}; its last {ms(middle(martlet.last))}", True)
    if peer:
        end.peer, end.ratio = ms(middle(peer.took)), times(middle(martlet.took), middle(peer.took))
        end.raw += "; Buildbot " + " ".join(map(ms, peer.took))
        first.peer, first.ratio = ms(middle(peer.first)), times(middle(martlet.first), middle(peer.first))
        first.raw += f"; Buildbot's p99 {ms(percentile(peer.first, 0.99))}, its last {ms(middle(peer.last))}"
    return [end, first]
