# SPDX-License-Identifier: Apache-2.0
"""The API and a page of a server that holds many runs."""

import asyncio
import json
import sys
import time

from serving import history
from serving.jobs import ended, start_runs
from serving.martlet import NoOpRunner, Server
from serving.measures import Row, ms, percentile, times, within
from serving.push import FIRST_LINE
from serving.wire import Events, Link

CLIENTS = 50
REQUESTS_PER_SECOND = 200
# Beside the peer: requests of one client, one after the other, and clients that ask as fast as they are answered.
ONE_BY_ONE = 300
AT_ONCE = 8
AT_ONCE_SECONDS = 5
PAGE = 50


def rows(bench):
    """Of a server that has carried out all of these runs itself."""
    name, wanted = "many", bench.options.runs
    made = bench.folder / "servers" / name / "made"
    keep = made.exists() and made.read_text() == str(wanted)
    with Server(bench, name, "--capacity", "0", keep=keep) as server:
        if not keep:
            began = time.monotonic()
            within(fill(server, wanted))
            print(f"  {wanted} runs took {time.monotonic() - began:.0f} s", file=sys.stderr)
            made.write_text(str(wanted))
        took, errors, seconds = within(ask(server, wanted, bench.options.seconds))
        memory = server.memory()[1]
        found = [limited(kind, values, wanted, errors, seconds, memory) for kind, values in took.items()]
        if bench.buildbot:
            with history.made(bench, wanted) as master:
                found += within(beside(server, master, wanted))
    return found


def limited(kind, values, wanted, errors, seconds, memory):
    most = percentile(values, 0.99)
    return Row(
        f"API, {kind}, {wanted} runs, {CLIENTS} clients, {REQUESTS_PER_SECOND} requests a second in all",
        "p99 ≤ 50 ms, errors 0", f"{ms(most)}, {errors} errors",
        f"p50 {ms(percentile(values, 0.5))}, worst {ms(max(values))}, {len(values)} requests in {seconds:.0f} s;"
        f" server at most {memory:.0f} MB", most <= 0.05 and errors == 0)


async def fill(server, count):
    _, bare = server.repository("app", {"ci.yml": FIRST_LINE.replace("on: push", "on: workflow_dispatch")})
    server.project("app", bare)
    with NoOpRunner(server):
        async with Events(server, "/api/v1/events") as overview:
            starting = asyncio.create_task(start_runs(server, count))
            await ended(overview, count)
            await starting


async def ask(server, runs, seconds):
    """Each client asks at a time of its own, whether the one before was answered or not."""
    kinds = {
        "list of runs": lambda n: f"/api/v1/runs?limit={PAGE}&cursor={cursor(anywhere(n, runs))}" if n % 2
        else f"/api/v1/runs?project=app&limit={PAGE}",
        "a run": lambda n: f"/api/v1/runs/{1 + (n * 104729) % runs}",
        "the run's page": lambda n: f"/runs/{1 + (n * 104729) % runs}/1",
    }
    took, errors = {kind: [] for kind in kinds}, 0
    began = time.monotonic() + 0.5

    async def client(number):
        nonlocal errors
        link = Link(server)
        for turn in range(int(seconds * REQUESTS_PER_SECOND / CLIENTS)):
            n = turn * CLIENTS + number
            due = began + n / REQUESTS_PER_SECOND
            await asyncio.sleep(max(0, due - time.monotonic()))
            kind = list(kinds)[n % len(kinds)]
            status, _ = await link.request("GET", kinds[kind](n))
            # Counted from when it was due: a client that is kept waiting does not hide that.
            took[kind].append(time.monotonic() - due)
            if status != 200:
                errors += 1
                print(f"  {kinds[kind](n)} was answered {status}", file=sys.stderr)
        link.close()

    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    return took, errors, seconds


def anywhere(n, runs):
    return max(min(100, runs), (n * 7919) % runs)


def cursor(number):
    """What a page that ends with this run names as its next."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return "c" + digits


async def beside(server, master, runs):
    """Lists and single runs of both, at the same count, in turn; then how many lists a second each gives."""
    lists = [
        lambda n: f"/api/v1/runs?limit={PAGE}" + (f"&cursor={cursor(anywhere(n, runs))}" if n % 2 else ""),
        lambda n: f"/api/v2/builds?limit={PAGE}&order=-buildid"
        + (f"&buildid__lt={anywhere(n, runs)}" if n % 2 else ""),
    ]
    ones = [lambda n: f"/api/v1/runs/{1 + (n * 104729) % runs}", lambda n: f"/api/v2/builds/{1 + (n * 104729) % runs}"]
    for side, path, name, key in ((server, lists[0], "items", "run"), (master, lists[1], "builds", "buildid")):
        link = Link(side)
        page = (await answered(link, path(1)))[name]
        link.close()
        if [each[key] for each in page] != [anywhere(1, runs) - 1 - n for n in range(PAGE)]:
            sys.exit(f"{path(1)} is not the page that was asked for")
    found = []
    for kind, paths in ((f"a list of {PAGE} runs", lists), ("a run", ones)):
        ours, theirs = await in_turn(server, master, paths)
        half, most = percentile(ours, 0.5), percentile(ours, 0.99)
        their_half, their_most = percentile(theirs, 0.5), percentile(theirs, 0.99)
        found.append(Row(
            f"API, {kind}, {runs} runs, one client, p50 and p99", "—", f"{ms(half)}, {ms(most)}",
            f"{len(ours)} requests each, in turn; builds of Buildbot's are copies of one that it carried out", True,
            f"{ms(their_half)}, {ms(their_most)}", f"{times(half, their_half)}, {times(most, their_most)}"))
    ours, theirs = [await at_once(side, path) for side, path in zip((server, master), lists)]
    found.append(Row(
        f"API, lists of {PAGE} a second, {runs} runs, {AT_ONCE} clients", "—", f"{ours:.0f}/s",
        f"{AT_ONCE_SECONDS} s each", True, f"{theirs:.0f}/s", times(ours, theirs)))
    return found


async def in_turn(server, master, paths):
    links, took = [Link(server), Link(master)], ([], [])
    for n in range(ONE_BY_ONE + 20):
        for side in (0, 1) if n % 2 else (1, 0):
            began = time.monotonic()
            await answered(links[side], paths[side](n))
            # The first warm up both.
            if n >= 20:
                took[side].append(time.monotonic() - began)
    for link in links:
        link.close()
    return took


async def at_once(server, path):
    end = time.monotonic() + AT_ONCE_SECONDS

    async def client(number):
        link, count = Link(server), 0
        while time.monotonic() < end:
            await answered(link, path(count * AT_ONCE + number))
            count += 1
        link.close()
        return count

    return sum(await asyncio.gather(*(client(number) for number in range(AT_ONCE)))) / AT_ONCE_SECONDS


async def answered(link, path):
    status, text = await link.request("GET", path)
    if status != 200:
        sys.exit(f"{path} was answered {status}: {text.decode()}")
    return json.loads(text)
