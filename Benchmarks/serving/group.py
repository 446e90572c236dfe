# SPDX-License-Identifier: Apache-2.0
"""Servers that share a PostgreSQL, with runners that do nothing: jobs a second, how long an append takes, and what more servers bring."""

import asyncio
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
import uuid
from pathlib import Path

from serving.jobs import ended, rate, send
from serving.martlet import NoOpRunner, Server
from serving.measures import Row, ms, times, within
from serving.wire import Events

NAMES = ("one", "two", "three")
PROJECTS = 6
# Runs of so many jobs, as in the row of one server.
WIDTH = 50
# Of one core. Small enough that three servers, their runners and the database have room on this machine.
QUOTA = 0.2
COMMITS = "martlet_journal_commit_duration_seconds"
CGROUPS = Path("/sys/fs/cgroup/cpu")
OTHER_USER = 65534


def program(name):
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    found = shutil.which(name) or next((str(f / name) for f in folders if (f / name).exists()), None)
    return found or sys.exit(f"there is no {name}: install postgresql")


class Database:
    """A PostgreSQL of its own, as it is set up by default but for its port: it waits for the disk."""

    def __enter__(self):
        self.folder = Path(f"/tmp/martlet-pg-{uuid.uuid4().hex[:8]}")
        self.folder.mkdir()
        self.user = ["setpriv", f"--reuid={OTHER_USER}", f"--regid={OTHER_USER}", "--clear-groups"]
        if os.getuid() == 0:
            os.chown(self.folder, OTHER_USER, OTHER_USER)
        else:
            self.user = []
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        data = str(self.folder / "data")
        subprocess.run([*self.user, program("initdb"), "--pgdata", data, "--username=martlet", "--auth=trust",
                        "--encoding=UTF8", "--no-locale"], check=True, **quiet)
        self.process = subprocess.Popen(
            [*self.user, program("postgres"), "-D", data, "-k", str(self.folder), "-c", "listen_addresses="], **quiet)
        deadline = time.monotonic() + 30
        while subprocess.run([program("psql"), "-h", str(self.folder), "-U", "martlet", "-c", "CREATE DATABASE martlet",
                              "postgres"], **quiet).returncode:
            if time.monotonic() > deadline:
                sys.exit("PostgreSQL does not come up")
            time.sleep(0.1)
        self.url = f"postgres://martlet@/martlet?host={str(self.folder).replace('/', '%2F')}"
        return self

    def __exit__(self, *_):
        self.process.send_signal(2)
        self.process.wait()
        shutil.rmtree(self.folder)


class Quota:
    """A share of one core, for the processes that are put into it; `None` where this machine gives none."""

    def __init__(self, name, share):
        self.folder = CGROUPS / f"martlet-bench-{os.getpid()}-{name}"
        self.folder.mkdir()
        period = 50_000
        (self.folder / "cpu.cfs_period_us").write_text(str(period))
        (self.folder / "cpu.cfs_quota_us").write_text(str(int(period * share)))

    @staticmethod
    def is_there():
        return os.access(CGROUPS / "cpu.cfs_quota_us", os.W_OK) or os.access(CGROUPS, os.W_OK)

    def take(self, pid):
        (self.folder / "cgroup.procs").write_text(str(pid))

    def end(self):
        self.folder.rmdir()


class Group:
    """Servers on one database and one folder, and a runner at each."""

    def __init__(self, bench, count, share=None):
        self.bench, self.count, self.share = bench, count, share
        self.quotas, self.servers, self.runners = [], [], []

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def start(self):
        self.database = Database().__enter__()
        shutil.rmtree(self.bench.folder / "servers/group", ignore_errors=True)
        for name in NAMES[:self.count]:
            server = Server(self.bench, "group", "--capacity", "0", "--name", name, keep=True)
            server.environment["MARTLET_DATABASE"] = self.database.url
            server.start()
            if self.share:
                quota = Quota(name, self.share)
                quota.take(server.process.pid)
                self.quotas.append(quota)
            self.servers.append(server)
        first = self.servers[0]
        made = subprocess.run(
            [self.bench.martlet, "token", "create", "--name", "bench", "--scope", "admin", "--json", "--data",
             str(first.data)], check=True, capture_output=True, env=first.environment, text=True)
        token = re.search(r'"token"\s*:\s*"([^"]+)"', made.stdout).group(1)
        for server in self.servers:
            server.token = token
        # All of them are there before the first project is: each is given its share of them.
        legs = ", ".join(str(n) for n in range(WIDTH))
        text = ("on: workflow_dispatch\njobs:\n  j:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n"
                f"        leg: [{legs}]\n    steps:\n      - run: 'true'\n")
        _, bare = first.repository("app", {"ci.yml": text})
        time.sleep(3)
        for number in range(PROJECTS):
            first.project(f"app{number}", bare)
        time.sleep(3)
        for name, server in zip(NAMES, self.servers):
            runner = NoOpRunner(server, name)
            runner.__enter__()
            self.runners.append(runner)
        return self

    def __exit__(self, *_):
        for runner in self.runners:
            runner.__exit__()
        for server in self.servers:
            server.stop()
        for quota in self.quotas:
            quota.end()
        self.database.__exit__()

    def commits(self):
        """How many commits took how long at the most, all servers together."""
        found = {}
        for server in self.servers:
            text = server.text("/metrics")
            for bound, count in re.findall(COMMITS + r'_bucket\{le="([^"]+)"\} (\S+)', text):
                found[float(bound)] = found.get(float(bound), 0) + float(count)
        return found

    async def carry(self, jobs, per_second=None):
        """Seconds from the first request to the last end; requests come as fast as they are answered, or at a pace."""
        runs = jobs // WIDTH
        feeds = [Events(server, "/api/v1/events") for server in self.servers]
        for feed in feeds:
            await feed.__aenter__()
        found, done = set(), asyncio.Event()

        async def follow(feed):
            async for _, data in feed:
                if data.get("type") == "runFinished":
                    found.add(data["run"])
                    if len(found) >= runs:
                        done.set()

        following = [asyncio.create_task(follow(feed)) for feed in feeds]
        began = time.monotonic()
        requests = [(f"/api/v1/projects/app{n % PROJECTS}/runs", b'{"workflow": "ci.yml", "ref": "main"}')
                    for n in range(runs)]
        if per_second:
            starting = [asyncio.create_task(self.paced(requests, per_second / WIDTH))]
        else:
            share = [requests[n::self.count] for n in range(self.count)]
            starting = [asyncio.create_task(send(server, part, 201)) for server, part in zip(self.servers, share)]
        await asyncio.gather(*starting)
        await done.wait()
        seconds = time.monotonic() - began
        for task in following:
            task.cancel()
        for feed in feeds:
            await feed.__aexit__()
        return seconds

    async def paced(self, requests, per_second):
        began, sending = time.monotonic(), []
        for number, request in enumerate(requests):
            await asyncio.sleep(max(0, began + number / per_second - time.monotonic()))
            sending.append(asyncio.create_task(send(self.servers[number % self.count], [request], 201)))
        await asyncio.gather(*sending)


def percentile(before, after, part):
    """The bound of the bucket that has it, in seconds, and how many there were."""
    counts = {bound: after[bound] - before.get(bound, 0) for bound in after}
    total = max(counts.values())
    return next(bound for bound in sorted(counts) if counts[bound] >= part * total), int(total)


def rows(bench):
    options, found = bench.options, []
    jobs = options.group_jobs
    with Group(bench, 3) as group:
        within(group.carry(600))
        before = group.commits()
        rates = [jobs / within(group.carry(jobs)) for _ in range(options.rounds)]
        full, count = percentile(before, group.commits(), 0.99)
        got = statistics.median(rates)
        found.append(Row(
            "jobs started and ended a second, no-op executor, 3 servers, PostgreSQL", "≥ 500/s", rate(got),
            f"{jobs} jobs in runs of {WIDTH} of {PROJECTS} projects, dispatch by API included: "
            + " ".join(rate(value) for value in rates), got >= 500))
        before = group.commits()
        within(group.carry(jobs, per_second=options.group_pace))
        p99, paced = percentile(before, group.commits(), 0.99)
        p50, _ = percentile(before, group.commits(), 0.5)
        found.append(Row(
            f"an append to the journal, 3 servers, {options.group_pace} jobs a second", "p99 ≤ 20 ms", f"≤ {ms(p99)}",
            f"bounds of a histogram's buckets; p50 ≤ {ms(p50)}; {paced} commits; as many jobs as it can: p99 ≤ {ms(full)}, "
            f"{count} commits", p99 <= 0.02))
    if not Quota.is_there():
        print("  NOT MEASURED: servers under a quota; this machine gives none", file=sys.stderr)
        return found
    rates = {}
    for count in (1, 3):
        with Group(bench, count, QUOTA) as group:
            within(group.carry(200))
            quota_jobs = options.group_quota_jobs * count
            rates[count] = quota_jobs / within(group.carry(quota_jobs))
    found.append(Row(
        f"the same, each server held to {QUOTA:.0%} of a core: 3 servers by one", "≥ 2 ×",
        times(rates[3], rates[1]), f"{rate(rates[3])} by {rate(rates[1])}", rates[3] >= 2 * rates[1]))
    return found
