# SPDX-License-Identifier: Apache-2.0
"""Jobs a second: those that do nothing at all, and those that run `true`; in runs of many jobs, and of one."""

import asyncio
import os
import statistics
import sys
import time

from serving import buildbot
from serving.martlet import NoOpRunner, Server
from serving.measures import Row, times, turns, within
from serving.wire import Events, Link

CONNECTIONS = 8
CAPACITY = 2 * (os.cpu_count() or 1)


async def send(server, requests, good):
    """Requests over a few connections."""
    waiting = list(reversed(requests))

    async def worker():
        link = Link(server)
        while waiting:
            path, body = waiting.pop()
            status, text = await link.request("POST", path, body)
            if status != good or b'"error"' in text:
                sys.exit(f"{path} was answered {status}: {text.decode()}")
        link.close()

    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))


async def start_runs(server, count):
    await send(server, [("/api/v1/projects/app/runs", b'{"workflow": "ci.yml", "ref": "main"}')] * count, 201)


async def ended(overview, count):
    """Waits for the ends of so many runs."""
    found = set()
    async for _, data in overview:
        if data.get("type") == "runFinished":
            found.add(data["run"])
        if len(found) == count:
            return


class MartletJobs:
    """Rates by width: with a runner whose executor does nothing, or with the server's own runner."""

    def __init__(self, bench, total, own):
        self.bench, self.total, self.own = bench, total, own
        self.rates = {width: [] for width in bench.options.widths}

    def __call__(self):
        for width in self.rates:
            self.rates[width].append(within(self.rate(width)))

    async def rate(self, width):
        with Server(self.bench, "jobs", "--capacity", str(CAPACITY if self.own else 0)) as server:
            legs = ", ".join(str(n) for n in range(width))
            text = ("on: workflow_dispatch\njobs:\n  j:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n"
                    f"        leg: [{legs}]\n    steps:\n      - run: 'true'\n")
            _, bare = server.repository("app", {"ci.yml": text})
            server.project("app", bare)
            if self.own:
                return await self.carry(server, width)
            with NoOpRunner(server):
                return await self.carry(server, width)

    async def carry(self, server, width):
        runs = self.total // width
        began = time.monotonic()
        async with Events(server, "/api/v1/events") as overview:
            starting = asyncio.create_task(start_runs(server, runs))
            await ended(overview, runs)
            seconds = time.monotonic() - began
            await starting
        # Lists come from an index that is written behind.
        while None in (conclusions := {
                run.get("conclusion") for run in server.call("GET", "/api/v1/runs?limit=50")["items"]}):
            await asyncio.sleep(0.05)
        if conclusions != {"success"}:
            sys.exit(f"the runs ended with {conclusions}")
        return self.total / seconds


class BuildbotJobs:
    """The same: a forced build of each of 50 builders, or forced builds of one builder each."""

    def __init__(self, bench, group, total):
        self.bench, self.group, self.total = bench, group, total
        self.rates = {width: [] for width in bench.options.widths}

    def __call__(self):
        for width in self.rates:
            self.rates[width].append(within(self.rate(width)))

    async def rate(self, width):
        capacity = CAPACITY if self.group == "true" else buildbot.WIDTH
        with buildbot.Master(self.bench, "jobs", self.group, capacity) as master:
            builders = master.builders(self.group)
            if width == 1:
                requests = [buildbot.force_request(self.group, builders[n % len(builders)]) for n in range(self.total)]
            else:
                requests = [buildbot.force_request(self.group)] * (self.total // len(builders))
            async with Events(master, "/sse/listen/builds/*/finished") as finished:
                began = time.monotonic()
                starting = asyncio.create_task(send(master, requests, 200))
                await self.ends(finished)
                seconds = time.monotonic() - began
                await starting
            return self.total / seconds

    async def ends(self, finished):
        count = 0
        async for kind, data in finished:
            if kind != "event":
                continue
            if data["message"]["results"] != 0:
                sys.exit(f"a build ended with {data['message']['results']}")
            count += 1
            if count == self.total:
                return


def rows(bench):
    options, found = bench.options, []
    if any(jobs % width for jobs in (options.jobs, options.true_jobs) for width in options.widths):
        sys.exit(f"jobs come in runs of {options.widths}: choose multiples of these")
    if bench.buildbot and not {1, buildbot.WIDTH}.issuperset(options.widths):
        sys.exit(f"Buildbot is laid out for widths of 1 and {buildbot.WIDTH}: choose these, or --no-peer")
    for what, own, total, least, group in (
        ("jobs started and ended a second, no-op executor, one server, SQLite", False, options.jobs, 200, "nothing"),
        (f"the same, jobs that run `true`, {CAPACITY} at once", True, options.true_jobs, 0, "true"),
    ):
        martlet = MartletJobs(bench, total, own)
        peer = BuildbotJobs(bench, group, options.true_jobs) if bench.buildbot else None
        turns(options.rounds, martlet, *([peer] if peer else []))
        found.append(row(what, least, martlet, peer))
    return found


def row(what, least, martlet, peer):
    widths = list(martlet.rates)
    ours = {width: statistics.median(rates) for width, rates in martlet.rates.items()}
    got = ours[widths[0]]
    raw = f"{martlet.total} jobs in runs of {widths[0]}, from the first request to the last end"
    raw += "".join(
        f"; in runs of {width} job{'s' if width > 1 else ''} each, dispatch by API included, {rate(ours[width])}"
        for width in widths[1:])
    found = Row(what, f"≥ {least}/s" if least else "—", rate(got), raw, got >= least)
    if peer:
        theirs = {width: statistics.median(rates) for width, rates in peer.rates.items()}
        found.peer, found.ratio = rate(theirs[widths[0]]), times(got, theirs[widths[0]])
        found.raw += f"; Buildbot: {peer.total} builds" + "".join(
            f"; forced one by one {rate(theirs[width])}, {times(ours[width], theirs[width])}" for width in widths[1:])
    return found


def rate(value):
    return f"{value:.0f}/s" if value >= 20 else f"{value:.1f}/s"
