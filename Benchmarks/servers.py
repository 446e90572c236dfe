# SPDX-License-Identifier: Apache-2.0
"""What the server costs, row by row. Called by scripts/bench-server, which builds what it needs.

Each row starts a server of its own on an empty folder (the API's rows on one that holds many runs), does what a team
does to it, and stops it. Load comes from other processes on the same machine, so both share its cores. Buildbot does
the same in the same run, where it can.
"""

import argparse
import os
import platform
import signal
import sys
from pathlib import Path

from serving import api, buildbot, followers, group, jobs, log, push, start

TABLE_BEGIN = "<!-- server table: begin -->"
TABLE_END = "<!-- server table: end -->"
ROWS = {"start": start, "push": push, "jobs": jobs, "group": group, "api": api, "log": log, "followers": followers}


class Bench:
    """What the rows share: options, where things lie, and the peer's venv, or None."""

    def __init__(self, options):
        self.options = options
        self.folder = Path(options.folder).resolve()
        self.martlet = str(Path(options.martlet).resolve())
        (self.folder / "servers").mkdir(parents=True, exist_ok=True)
        self.buildbot = buildbot.installed(self.folder) if options.peer else None


def about(bench, load):
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown")
    lines = [f"- {model}, {os.cpu_count()} cores, Linux {platform.release()}; load average {load[0]:.2f} before, "
             f"{os.getloadavg()[0]:.2f} after"]
    return lines + ([f"- {buildbot.version(bench.buildbot)}"] if bench.buildbot else [])


def table(rows):
    lines = ["| what | must reach | got | Buildbot | ratio | raw |", "|---|---|---|---|---|---|"]
    return lines + [
        f"| {row.what} | {row.limit} | {row.got}{'' if row.holds else ' **missed**'} | {row.peer} | {row.ratio} "
        f"| {row.raw} |" for row in rows]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("folder", "martlet", "no-op-runner", "log-bench", "followers"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--repeats", type=int, default=5, help="starts")
    parser.add_argument("--rounds", type=int, default=2, help="how often sides take turns with pushes, jobs and logs")
    parser.add_argument("--pushes", type=int, default=200, help="those that count, in all rounds together")
    parser.add_argument("--jobs", type=int, default=5000)
    parser.add_argument("--true-jobs", type=int, default=200, help="jobs that run `true`, and all jobs of the peer")
    parser.add_argument("--widths", type=lambda text: [int(n) for n in text.split(",")], default=[50, 1])
    parser.add_argument("--group-jobs", type=int, default=6000, help="of three servers on a database")
    parser.add_argument("--group-pace", type=int, default=300, help="jobs a second while an append is measured")
    parser.add_argument("--group-quota-jobs", type=int, default=1000, help="a server, each held to a share of a core")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=30, help="how long the API is asked")
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--follow-seconds", type=int, default=30)
    parser.add_argument("--only", default=",".join(ROWS), help="rows, separated by commas: " + ", ".join(ROWS))
    parser.add_argument("--no-peer", dest="peer", action="store_false", help="without Buildbot")
    parser.add_argument("--write", action="store_true", help="put the table into docs/reference/performance.md")
    return parser.parse_args()


def main():
    options = arguments()
    # Whoever ends this ends with it the servers that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    load = os.getloadavg()
    bench, rows = Bench(options), []
    for name in options.only.split(","):
        print(f"{name} …", file=sys.stderr, flush=True)
        for row in ROWS[name].rows(bench):
            rows.append(row)
            print(f"  {row.what}: {row.got} ({row.limit}; Buildbot {row.peer}, {row.ratio}; {row.raw})",
                  file=sys.stderr, flush=True)
    text = "\n".join(about(bench, load) + [""] + table(rows))
    print(text)
    if options.write:
        path = Path(__file__).resolve().parent.parent / "docs/reference/performance.md"
        before, rest = path.read_text().split(TABLE_BEGIN)
        path.write_text(before + TABLE_BEGIN + "\n" + text + "\n" + TABLE_END + rest.split(TABLE_END)[1])
    sys.exit(0 if all(row.holds for row in rows) else 1)


if __name__ == "__main__":
    main()
