# SPDX-License-Identifier: Apache-2.0
"""Rows about what a run keeps: caches, snapshots of workspaces, and where a re-run goes on. All through `martlet run`.

Each function takes the `Bench` of bench.py and answers tuples: what, limit, what was got, raw numbers, whether it holds.
"""

import json
import os
import random
import shutil
import statistics
import subprocess
import time
from pathlib import Path

from content_store import folder_bytes, make_tree, shown

ROUNDS = 3


def events(bench, side, *arguments):
    """The events of one run, with the seconds since its start at which each was read."""
    os.sync()
    began = time.monotonic()
    process = subprocess.Popen(
        [side.command[0], *arguments, "--json"], cwd=side.cwd, env=side.environment, stdout=subprocess.PIPE)
    lines = [(time.monotonic() - began, json.loads(line)) for line in process.stdout]
    if process.wait() != 0:
        raise SystemExit(f"{side.name}: {arguments} in {side.cwd} failed: {lines[-20:]}")
    return lines


def durations(lines):
    """Seconds by the name of each step."""
    return {e["name"]: e["durationMs"] / 1e3 for _, e in lines if e["type"] == "stepFinished"}


def cache(bench):
    """actions/cache, built in, on 1 GB of source-like files: beside a save of the same, and `zstd -d | tar x`."""
    data = bench.folder / "cache-data"
    shutil.rmtree(data, ignore_errors=True)
    files = make_tree(str(data / "tree"), size_bytes=1_000_000_000)
    archive = data / "tree.tar.zst"
    subprocess.run(f"tar c -C {data}/tree . | zstd -q -1 -f -o {archive}", shell=True, check=True)
    unpack = f"mkdir {data}/out-$ROUND && zstd -dc {archive} | tar x -C {data}/out-$ROUND"
    step = "      - {name: NAME, uses: actions/cache/PART@v4, with: {path: TREE, key: KEY}}\n".replace("TREE", f"{data}/tree")

    def action(name, part, key):
        return step.replace("NAME", name).replace("PART", part).replace("KEY", key)

    root = bench.repository("cache", "on: push\n")

    def run(steps, number=0):
        text = f"on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    env: {{ROUND: {number}}}\n    steps:\n{steps}"
        (root / ".github/workflows/ci.yml").write_text(text)
        return durations(events(bench, bench.as_martlet("cache", root, home), "run"))

    home, first, second, ours, theirs = bench.folder / "homes" / "cache", [], [], [], []
    time.sleep(0.1)
    try:
        for number in range(ROUNDS):
            shutil.rmtree(home, ignore_errors=True)
            took = run(action("first", "save", "a") + action("second", "save", "b"))
            first.append(took["first"])
            second.append(took["second"])
        # What was restored stays until the end: ext4 gives inodes that were deleted a moment ago out again slowly.
        for number in range(ROUNDS):
            os.rename(data / "tree", data / f"away-{number}")
            sides = [f"      - {{name: unpack, run: '{unpack}'}}\n      - {{name: sync, run: sync}}\n",
                     action("restore", "restore", "a").replace("}}\n", ", fail-on-cache-miss: true}}\n") + "      - {name: sync, run: sync}\n"]
            took = run("".join(sides if number % 2 == 0 else reversed(sides)), number)
            ours.append(took["restore"])
            theirs.append(took["unpack"])
        chance = random.Random(3)
        for path in chance.sample(files, len(files) // 100):
            with open(path, "r+b") as file:
                file.write(bytes(chance.getrandbits(7) | 32 for _ in range(os.path.getsize(path))))
        store = str(home / "martlet/content")
        before = folder_bytes(store)
        run(action("changed", "save", "c"))
        grown = (folder_bytes(store) - before) / before * 100
        sizes = f"{before >> 20} MiB beside an archive of {archive.stat().st_size >> 20} MiB"
    finally:
        subprocess.run(["rm", "-rf", str(data)], check=True)
    again, ratio = statistics.median(first) / statistics.median(second), statistics.median(theirs) / statistics.median(ours)
    return [
        ("`actions/cache` (built in): the second save of 1 GB of source-like files", "≥ 3 × faster", f"{again:.1f} ×",
         f"{shown(first)} s, then {shown(second)} s; {len(files)} files", again >= 3),
        ("the same: restore, against `zstd -d \\| tar x` in a step", "≥ 1 × as fast", f"{ratio:.2f} ×",
         f"{shown(ours)} s, {shown(theirs)} s; store {sizes}", ratio >= 1),
        ("the same: 1 % of the files rewritten, what the store grows by", "≤ 5 %", f"{grown:.1f} %", "—", grown <= 5),
    ]


def snapshots(bench):
    """What a snapshot after each step costs where nothing changed: 20 000 files, 20 steps, with and without."""
    rows = snapshots_at(bench, bench.folder / "homes" / "snapshots", "ext4 and the like", 100)
    overlay = bench.memory / "overlay"
    folders = {name: overlay / name for name in ("lower", "upper", "work", "merged")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    options = ",".join(f"{name}dir={folders[name]}" for name in ("lower", "upper", "work"))
    mounted = subprocess.run(
        ["mount", "-t", "overlay", "overlay", "-o", options, str(folders["merged"])], capture_output=True)
    if mounted.returncode != 0:
        print("  snapshots on overlayfs are not measured: it cannot be mounted here", flush=True)
        return rows
    try:
        rows += snapshots_at(bench, folders["merged"] / "home", "overlayfs", 10)
    finally:
        subprocess.run(["umount", str(folders["merged"])], check=True)
    return rows


def snapshots_at(bench, home, place, limit):
    data = bench.folder / "snapshot-data"
    shutil.rmtree(data, ignore_errors=True)
    make_tree(str(data), file_count=20_000)
    steps = "".join("      - run: 'true'\n" for _ in range(20))
    text = f"on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - run: cp -a {data} tree\n" \
           f"      - run: sleep 0.1\n{steps}"
    name = "snapshots-" + place.split()[0]
    root = bench.repository(name, text)
    took = {True: [], False: []}
    for number in range(ROUNDS + 1):
        for kept in (True, False) if number % 2 else (False, True):
            side = bench.as_martlet(name, root, home)
            lines = events(bench, side, "run", *([] if kept else ["--no-snapshots"]))
            starts = [at for at, event in lines if event["type"] == "stepStarted"]
            if number:
                # From the first of the steps that change nothing to the last one's start.
                took[kept].append((starts[-1] - starts[2]) / (len(starts) - 3) * 1e3)
    shutil.rmtree(data)
    cost = statistics.median(took[True]) - statistics.median(took[False])
    return [(f"a snapshot of 20 000 files that did not change, a step, on {place}", f"≤ {limit} ms", f"{cost:.1f} ms",
             f"with {shown(took[True])} ms a step, without {shown(took[False])}", cost <= limit)]


def rerun(bench):
    """From the last step of a job of 20 on a workspace of 2 GB, until that step starts."""
    data = bench.folder / "rerun-data"
    shutil.rmtree(data, ignore_errors=True)
    count = len(make_tree(str(data), size_bytes=2_000_000_000))
    steps = "".join(f"      - run: echo {n} >>tree/step\n" for n in range(18))
    text = f"on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - run: cp -a {data} tree\n{steps}" \
           "      - run: echo last >>tree/step; test \"$(wc -l <tree/step)\" = 19\n"
    root = bench.repository("rerun", text)
    side = bench.as_martlet("rerun", root, bench.folder / "homes" / "rerun")
    events(bench, side, "run")
    runs = Path(side.environment["MARTLET_HOME"])
    times = {"kept": [], "gone": []}
    for number in range(ROUNDS):
        for kind in times:
            if kind == "gone":
                subprocess.run(["rm", "-rf", str(runs / "work")], check=True)
                os.sync()
            lines = events(bench, side, "rerun", "--from", "build/20")
            times[kind].append(next(at for at, event in lines if event["type"] == "stepStarted"))
    shutil.rmtree(data)
    worst = statistics.median(times["gone"])
    return [("`rerun --from` the last of 20 steps, a workspace of 2 GB that is gone, until the step starts", "≤ 5 s",
             f"{worst:.2f} s", f"{shown(times['gone'])} s; where the workspace is still there {shown(times['kept'])} s; "
             f"{count} files", worst <= 5)]
