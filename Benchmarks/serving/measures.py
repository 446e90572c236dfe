# SPDX-License-Identifier: Apache-2.0
"""Rows of the server's table, and what all of its measurements share."""

import asyncio
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 1800


@dataclass
class Row:
    """A line of the table; `peer` and `ratio` where Buildbot does the same thing."""

    what: str
    limit: str
    got: str
    raw: str
    holds: bool
    peer: str = "—"
    ratio: str = "—"


def turns(rounds, *sides):
    """Both sides of a row take turns, each round the other way about."""
    for number in range(rounds):
        for side in sides if number % 2 == 0 else reversed(sides):
            side()


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


def times(ours, theirs):
    """A ratio to three digits."""
    return f"{float(f'{ours / theirs:.3g}'):g} ×"


def within(work, seconds=PATIENCE_SECONDS):
    """What hangs is a fault, not a reason to wait for ever."""
    async def bounded():
        async with asyncio.timeout(seconds):
            return await work

    return asyncio.run(bounded())


def memory(pid):
    """Resident megabytes now, and at the most so far."""
    text = Path(f"/proc/{pid}/status").read_text()
    found = {line.split(":")[0]: int(line.split()[1]) * 1024 / 1e6 for line in text.splitlines()
             if line.startswith(("VmRSS", "VmHWM"))}
    return found["VmRSS"], found["VmHWM"]


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
