# SPDX-License-Identifier: Apache-2.0
"""Speed and memory of Martlet, row by row as ratios from one run. Called by scripts/bench.

Both sides of a row take turns: one round is each contestant once. The first round warms up and is thrown away; what is
printed is the median of the others.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import containers
import workspaces

SECRET = "a41fc0ffee5b7d90e2486c3d1f8a7b65"
LINE = "compiling part 4711 of the program: nothing to report"
LINES = 2_000_000
TABLE_BEGIN = "<!-- table: begin -->"
TABLE_END = "<!-- table: end -->"


@dataclass
class Contestant:
    """One side of a row: how it is started, and what is set right before each start."""

    name: str
    command: list
    cwd: Path
    environment: dict
    before: object = None
    times: int = 1
    output: str = "/dev/null"
    extra: list = field(default_factory=list)


@dataclass
class Row:
    name: str
    limit: str
    got: str
    raw: str
    holds: bool


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = Path(options.folder).resolve()
        self.memory = Path(f"/dev/shm/martlet-bench-{os.getpid()}")
        self.martlet = str(Path(options.martlet).resolve())
        self.act = str(Path(options.act).resolve())
        self.empty = str(Path(options.empty).resolve())
        self.stopwatch = str(Path(options.stopwatch).resolve())
        self.peaks = {}
        for folder in (self.folder / "repositories", self.folder / "homes", self.folder / "act-home"):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        (self.memory / "runtime").mkdir(parents=True, mode=0o700)

    def close(self):
        shutil.rmtree(self.memory, ignore_errors=True)

    # What runs

    def repository(self, name, workflow):
        """A fresh git repository with one workflow, committed."""
        root = self.folder / "repositories" / name
        (root / ".github/workflows").mkdir(parents=True)
        (root / ".github/workflows/ci.yml").write_text(workflow)
        git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.invalid"]
        for command in (["init", "-q", "-b", "main", "."], ["add", "-A"], ["commit", "-q", "-m", "The workflow"]):
            subprocess.run(git + command, cwd=root, check=True)
        return root

    def environment(self, **changes):
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL", "USER", "SHELL")}
        return {**kept, **changes}

    def as_martlet(self, name, repository, home, arguments=(), cold=False, **more):
        """`martlet run` with its journal below `home`; a cold one has no journal at each start."""
        home.mkdir(parents=True, exist_ok=True)
        environment = self.environment(
            HOME=str(home), MARTLET_HOME=str(home / "martlet"), XDG_RUNTIME_DIR=str(self.memory / "runtime"))
        before = (lambda: shutil.rmtree(home / "martlet", ignore_errors=True)) if cold else None
        return Contestant(name, [self.martlet, "run", *arguments], repository, environment, before, **more)

    def as_act(self, repository, arguments=(), **more):
        command = [self.act, "push", "-P", "ubuntu-latest=-self-hosted", *arguments]
        return Contestant("act", command, repository, self.environment(HOME=str(self.folder / "act-home")), **more)

    def once(self, side):
        """Seconds for each of the side's starts, and the peak of memory in MB."""
        if side.before:
            side.before()
        # What the other side wrote and deleted goes to the disk now: it must not be paid for by this one.
        os.sync()
        command = [self.stopwatch, "-n", str(side.times), "-o", side.output, *side.extra, "--", *side.command]
        done = subprocess.run(command, cwd=side.cwd, env=side.environment, capture_output=True, text=True)
        lines = [line.split() for line in done.stdout.splitlines()]
        if done.returncode != 0 or len(lines) != side.times or any(line[2] != "0" for line in lines):
            sys.exit(f"{side.name}: {' '.join(side.command)} in {side.cwd} failed: {done.stdout} {done.stderr}")
        seconds = [int(line[0]) / 1e9 for line in lines]
        return statistics.fmean(seconds), max(int(line[1]) for line in lines) * 1024 / 1e6

    def rounds(self, sides, repeats=None):
        """Seconds by side, one entry a round; every second round goes the other way about."""
        seconds = {side.name: [] for side in sides}
        for number in range((repeats or self.options.repeats) + 1):
            for side in sides if number % 2 else reversed(sides):
                took, peak = self.once(side)
                if number:
                    seconds[side.name].append(took)
                    self.peaks[side.name] = max(peak, self.peaks.get(side.name, 0))
        return seconds

    # Rows

    def steps(self):
        many, one = self.repository("steps-100", workflow(100)), self.repository("steps-1", workflow(1))
        disk, memory = self.folder / "homes", self.memory / "homes"
        sides = [
            self.as_martlet("100 steps, disk", many, disk / "steps"), self.as_act(many),
            self.as_martlet("100 steps, tmpfs", many, memory / "steps"),
            self.as_martlet("1 step, disk", one, disk / "steps"),
            self.as_martlet("1 step, tmpfs", one, memory / "steps"), self.bare_spawn(),
        ]
        seconds = self.rounds(sides)
        middle = {name: statistics.median(values) for name, values in seconds.items()}
        rows = [ratio_row(
            "100 steps `run: true`, against act", middle["100 steps, disk"], middle["act"], 0.4,
            f"; journal on tmpfs: {ms(middle['100 steps, tmpfs'])}")]
        for place, limit in (("tmpfs", 0.6), ("disk", None)):
            pairs = zip(seconds[f"100 steps, {place}"], seconds[f"1 step, {place}"])
            step = statistics.median((many - one) / 99 for many, one in pairs) * 1e3
            bare = middle["spawn"] * 1e3
            rows.append(Row(
                f"a step above the bare spawn of `bash -e script`, journal on {place}",
                f"≤ {limit} ms" if limit else "—", f"{step - bare:.2f} ms",
                f"step {step:.2f} ms, spawn {bare:.2f} ms; 1 step {ms(middle[f'1 step, {place}'])}",
                limit is None or step - bare <= limit))
        return rows

    def composite(self):
        """What one step of a composite action costs above the shell that it starts."""
        sides = []
        for count in (200, 1):
            root = self.repository(f"composite-{count}", "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n"
                                   "    steps:\n      - uses: actions/checkout@v4\n      - uses: ./many\n")
            (root / "many").mkdir()
            steps = "".join("    - {run: 'true', shell: bash}\n" for _ in range(count))
            (root / "many/action.yml").write_text(f"name: Many\nruns:\n  using: composite\n  steps:\n{steps}")
            sides.append(self.as_martlet(f"{count} composite steps", root, self.folder / "homes" / "composite"))
        seconds = self.rounds(sides + [self.bare_spawn()])
        middle = {name: statistics.median(values) for name, values in seconds.items()}
        pairs = zip(seconds["200 composite steps"], seconds["1 composite steps"])
        step = statistics.median((many - one) / 199 for many, one in pairs) * 1e3
        bare = middle["spawn"] * 1e3
        return [Row("a step of a composite action of 200, above the shell's own cost", "≤ 3 ms", f"{step - bare:.2f} ms",
                    f"step {step:.2f} ms, spawn {bare:.2f} ms; all {ms(middle['200 composite steps'])}", step - bare <= 3)]

    def cache(self):
        """See content_store.py for the store alone."""
        return [Row(*row) for row in workspaces.cache(self)]

    def docker(self):
        return [Row(*row) for row in containers.rows(self)]

    def snapshots(self):
        return [Row(*row) for row in workspaces.snapshots(self)]

    def rerun(self):
        return [Row(*row) for row in workspaces.rerun(self)]

    def bare_spawn(self):
        """The same script with the same environment, started by a C program that does nothing else."""
        entries, script = self.memory / "environment", self.memory / "script.sh"
        if not entries.exists():
            probe = self.repository("probe", workflow(1, f"env -0 > {entries}"))
            self.once(self.as_martlet("probe", probe, self.folder / "homes" / "probe"))
        script.write_text("true\n")
        return Contestant(
            "spawn", ["bash", "-e", str(script)], self.memory, self.environment(), times=99,
            extra=["-e", str(entries), "-d", str(self.memory)])

    def cold(self):
        one = self.repository("cold", workflow(1))
        sides = [self.as_martlet("cold, 1 step", one, self.folder / "homes" / "cold", cold=True), self.as_act(one)]
        seconds = self.rounds(sides)
        return [self.against_act("one step, cold journal, against act", seconds, sides, 0.6)]

    def jobs(self):
        jobs = "".join(f"  j{n}:\n    runs-on: ubuntu-latest\n    steps:\n      - run: 'true'\n" for n in range(50))
        fifty = self.repository("jobs-50", "on: push\njobs:\n" + jobs)
        sides = [self.as_martlet("50 jobs", fifty, self.folder / "homes" / "jobs"), self.as_act(fifty)]
        seconds = self.rounds(sides)
        return [self.against_act("50 independent jobs of one step, against act", seconds, sides, 0.3)]

    def output(self):
        script = f"echo \"token is $TOKEN\"; yes '{LINE}' | head -n {LINES}"
        text = workflow(1, script).replace("steps:", "env:\n      TOKEN: ${{ secrets.TOKEN }}\n    steps:")
        printing = self.repository("output", text)
        secrets = self.folder / "secrets.env"
        secrets.write_text(f"TOKEN={SECRET}\n")
        arguments = ["--secret-file", str(secrets)]
        home = self.folder / "homes" / "output"
        sides = [self.as_martlet("2 000 000 lines", printing, home, arguments), self.as_act(printing, arguments)]
        for side in sides:
            self.check_output(side)
        self.check_archive(home)
        seconds = self.rounds(sides)
        name = "a step printing 2 000 000 lines, redacted (by Martlet also archived), against act"
        return [self.against_act(name, seconds, sides, 0.15)]

    def check_output(self, side):
        """Both sides print every line, and neither the secret."""
        path = self.folder / "output.txt"
        self.once(Contestant(**{**side.__dict__, "output": str(path)}))
        bytes_ = path.read_bytes()
        path.unlink()
        if bytes_.count(LINE.encode()) < LINES or SECRET.encode() in bytes_ or b"token is ***" not in bytes_:
            sys.exit(f"{side.name}: its output is not whole, or not redacted")

    def check_archive(self, home):
        bytes_ = b"".join(p.read_bytes() for p in (home / "martlet/runs").rglob("logs/**/*") if p.is_file())
        if bytes_.count(LINE.encode()) < LINES or SECRET.encode() in bytes_:
            sys.exit("martlet: its archive is not whole, or not redacted")

    def version(self):
        sides = [
            Contestant("--version", [self.martlet, "--version"], self.folder, self.environment(), times=20),
            Contestant("empty", [self.empty], self.folder, self.environment(), times=20),
        ]
        middle = {k: statistics.median(v) for k, v in self.rounds(sides).items()}
        return [ratio_row(
            "`martlet --version`, against an empty program", middle["--version"], middle["empty"], 1.3, digits=2)]

    def check(self):
        path = self.folder / "five-hundred.yml"
        path.write_text(long_workflow())
        side = Contestant("check", [self.martlet, "check", str(path)], self.folder, self.environment(), times=10)
        middle = statistics.median(self.rounds([side])["check"])
        lines = len(path.read_text().splitlines())
        return [Row(
            f"`check` on a workflow of {lines} lines, whole process", "≤ 30 ms", ms(middle), "—", middle <= 0.03)]

    def resume(self):
        """A run of 1 000 jobs and 20 000 steps, killed for real in the one after them; then resumed, from the same state."""
        steps = "".join("      - run: 'true'\n" for _ in range(20))
        legs = ", ".join(str(n) for n in range(250))
        jobs = "".join(
            f"  m{n}:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n        leg: [{legs}]\n"
            f"    steps:\n{steps}" for n in range(4))
        jobs += ("  last:\n    needs: [m0, m1, m2, m3]\n    runs-on: ubuntu-latest\n    steps:\n"
                 "      - run: sleep 1000\n      - run: 'true'\n        if: always()\n")
        repository = self.repository("resume", "on: push\njobs:\n" + jobs)
        side = self.as_martlet("resume", repository, self.memory / "homes" / "resume")
        home, runtime = self.memory / "homes" / "resume" / "martlet", self.memory / "runtime"
        run, ended = self.interrupted(side)
        saved = {home: self.memory / "saved-home", runtime: self.memory / "saved-runtime"}
        for folder, copy in saved.items():
            shutil.rmtree(copy, ignore_errors=True)
            subprocess.run(["cp", "-a", str(folder), str(copy)], check=True)
        first, whole, left = [], [], 0
        for number in range(self.options.repeats + 1):
            for folder, copy in saved.items():
                shutil.rmtree(folder)
                subprocess.run(["cp", "-a", str(copy), str(folder)], check=True)
            started, over, left, peak = self.resumed(side, run)
            if number:
                first.append(started)
                whole.append(over)
                self.peaks["resume"] = max(peak, self.peaks.get("resume", 0))
        for copy in saved.values():
            shutil.rmtree(copy)
        started, over = statistics.median(first), statistics.median(whole)
        return [Row(
            "resume of a run of 1 000 jobs and 20 000 steps, until its first step starts", "≤ 1 s", ms(started),
            f"killed with SIGKILL after {ended} steps; {ms(over)} to its end, {left} more steps run", started <= 1)]

    def interrupted(self, side):
        started = time.monotonic()
        process = subprocess.Popen(
            side.command + ["--json"], cwd=side.cwd, env=side.environment, stdout=subprocess.PIPE)
        run, ended = None, 0
        for line in process.stdout:
            ended += b'"stepFinished"' in line
            if run is None:
                run = json.loads(line).get("run")
            if b'"stepStarted"' in line and b'"last"' in line:
                break
        process.kill()
        process.wait()
        process.stdout.close()
        print(f"  a run of {ended} steps took {time.monotonic() - started:.1f} s", file=sys.stderr)
        if ended != 20_000:
            sys.exit(f"martlet: the long run had {ended} steps when it was killed")
        return int(run), ended

    def resumed(self, side, run):
        """Through the stopwatch: a process counts the memory of the one that started it as its own, and this one is large."""
        lines = self.memory / "resumed"
        os.mkfifo(lines)
        began = time.monotonic()
        process = subprocess.Popen(
            [self.stopwatch, "-n", "1", "-o", str(lines), "--", self.martlet, "run", "--resume", str(run), "--json"],
            cwd=side.cwd, env=side.environment, stdout=subprocess.PIPE, text=True)
        started, steps = None, 0
        with open(lines, "rb") as output:
            for line in output:
                if b'"stepStarted"' in line:
                    steps += 1
                    started = started or time.monotonic() - began
        over = time.monotonic() - began
        peak = int(process.communicate()[0].split()[1]) * 1024 / 1e6
        lines.unlink()
        return started, over, steps, peak

    def against_act(self, name, seconds, sides, limit):
        martlet, act = (statistics.median(seconds[side.name]) for side in sides)
        return ratio_row(name, martlet, act, limit)

    def peak_row(self):
        kept = {k: v for k, v in self.peaks.items() if k not in ("act", "spawn", "empty", "--version", "check")}
        if not kept:
            return []
        raw = ", ".join(f"{name} {peak:.0f}" for name, peak in kept.items())
        return [Row("peak memory of a run", "≤ 60 MB", f"{max(kept.values()):.0f} MB", raw, max(kept.values()) <= 60)]


def workflow(steps, script="true"):
    lines = "".join(f"      - run: |\n          {script}\n" for _ in range(steps))
    return f"on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n{lines}"


def long_workflow():
    """500 lines of what workflows are made of: a matrix, needs, conditions, expressions, actions, scripts."""
    lines = ["name: Long", "on:", "  push:", "    branches: [main, 'release/**']", "permissions:", "  contents: read",
             "env:", "  LEVEL: info", "jobs:"]
    number = 0
    while len(lines) < 500 - 25:
        needs = f"    needs: [job{number - 1}]" if number else "    timeout-minutes: 30"
        lines += [
            f"  job{number}:", f"    name: Job {number} on ${{{{ matrix.os }}}}", "    runs-on: ${{ matrix.os }}", needs,
            "    strategy:", "      fail-fast: false", "      matrix:", "        os: [ubuntu-latest, ubuntu-22.04]",
            "        version: ['1.20', '1.21']", "    outputs:", "      name: ${{ steps.build.outputs.name }}",
            "    steps:", "      - uses: actions/checkout@v4", "        with:", "          fetch-depth: 0",
            "      - name: Build", "        id: build",
            "        if: ${{ github.event_name == 'push' && contains(github.ref, 'main') }}", "        env:",
            "          VERSION: ${{ matrix.version }}", "        run: |", "          make build VERSION=\"$VERSION\"",
            "          echo \"name=build-$VERSION\" >> \"$GITHUB_OUTPUT\"",
            "      - run: make test", "        working-directory: source",
        ]
        number += 1
    last = 500 - len(lines)
    if last >= 4:
        lines += ["  last:", "    runs-on: ubuntu-latest", "    steps:"]
        lines += ["      - run: make report"] * (500 - len(lines))
    return "\n".join(lines) + "\n"


def ms(seconds):
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.1 else f"{seconds * 1e3:.1f} ms"


def ratio_row(name, ours, theirs, limit, note="", digits=3):
    ratio = ours / theirs
    return Row(name, f"≤ {limit} ×", f"{ratio:.{digits}f} ×", f"{ms(ours)} : {ms(theirs)}{note}", ratio <= limit)


def first_line(path, name):
    return next((line.split(":", 1)[1].strip() for line in Path(path).read_text().splitlines()
                 if line.startswith(name)), "unknown")


def mount(path):
    return subprocess.run(
        ["findmnt", "-n", "-o", "FSTYPE,SOURCE,OPTIONS", "-T", str(path)], capture_output=True, text=True
    ).stdout.strip().splitlines()[-1]


def machine(bench, load):
    act = subprocess.run([bench.act, "--version"], capture_output=True, text=True).stdout.strip()
    memory = int(first_line("/proc/meminfo", "MemTotal").split()[0]) / 1024 / 1024
    return [
        f"- {first_line('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, {memory:.0f} GiB of memory,"
        f" Linux {platform.release()}",
        f"- disk (repositories, act's home, Martlet's home where nothing else is said): `{mount(bench.folder)}`",
        f"- tmpfs (scratch; Martlet's home where said): `{mount('/dev/shm')}`",
        f"- {act}; {bench.options.repeats} rounds after a warm-up; load average {load[0]:.2f} before,"
        f" {os.getloadavg()[0]:.2f} after",
    ]


def main():
    names = ["steps", "composite", "cold", "jobs", "output", "version", "check", "resume", "cache", "snapshots", "rerun", "docker"]
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("folder", "stopwatch", "act", "empty", "martlet"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--only", default=",".join(names), help="rows, separated by commas: " + ", ".join(names))
    parser.add_argument("--write", action="store_true", help="put the table into docs/reference/performance.md")
    options = parser.parse_args()
    load = os.getloadavg()
    bench = Bench(options)
    rows = []
    try:
        for name in options.only.split(","):
            print(f"{name} …", file=sys.stderr, flush=True)
            for row in getattr(bench, name)():
                rows.append(row)
                print(f"  {row.name}: {row.got} ({row.limit}; {row.raw})", file=sys.stderr, flush=True)
        rows += bench.peak_row()
        about = machine(bench, load)
    finally:
        bench.close()
    table = ["| what | must reach | got | raw medians |", "|---|---|---|---|"]
    table += [f"| {row.name} | {row.limit} | {row.got}{'' if row.holds else ' **missed**'} | {row.raw} |" for row in rows]
    text = "\n".join(about + [""] + table)
    print(text)
    if options.write:
        path = Path(__file__).resolve().parent.parent / "docs/reference/performance.md"
        before, rest = path.read_text().split(TABLE_BEGIN)
        path.write_text(before + TABLE_BEGIN + "\n" + text + "\n" + TABLE_END + rest.split(TABLE_END)[1])
    sys.exit(0 if all(row.holds for row in rows) else 1)


if __name__ == "__main__":
    main()
