#!/usr/bin/env python3
"""Measures the content store against what a user would pick instead: ratios, each pair of sides taken in turn.

  swift build -c release --product content-store-bench
  Benchmarks/content_store.py [--folder FOLDER] [--gigabytes 1] [--rounds 3]

The tree is made of source-like files: the text files of this machine's headers and libraries, each copy of them with
other lines here and there.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time

SOURCES = ["/usr/include", "/usr/lib/python3", "/usr/lib/python3.11", "/usr/share"]
ENDINGS = (".h", ".py", ".c", ".swift", ".js", ".txt", ".md", ".hpp", ".json", ".xml", ".html", ".css", ".sh", ".pl", ".pm")


def sources():
    paths = []
    for top in SOURCES:
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                if name.endswith(ENDINGS) and not os.path.islink(path) and 0 < os.path.getsize(path) < 400_000:
                    paths.append(path)
    return sorted(paths)


def make_tree(folder, size_bytes=None, file_count=None):
    """Answers the files' paths."""
    chance = random.Random(7)
    originals = sources()
    made, total, version = [], 0, 0
    while True:
        for path in originals:
            with open(path, "rb") as file:
                lines = file.read().split(b"\n")
            for _ in range(version and 1 + len(lines) // 40):
                lines[chance.randrange(len(lines))] += b" // %x" % chance.getrandbits(64)
            target = f"{folder}/v{version}{path}"
            os.makedirs(os.path.dirname(target), exist_ok=True)
            content = b"\n".join(lines)
            with open(target, "wb") as file:
                file.write(content)
            made.append(target)
            total += len(content)
            if (size_bytes and total >= size_bytes) or (file_count and len(made) >= file_count):
                return made
        version += 1


def timed(command):
    os.sync()
    start = time.monotonic()
    subprocess.run(command, shell=isinstance(command, str), check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


class Bench:
    def __init__(self, options):
        self.program = os.path.abspath(options.program)
        self.folder = os.path.join(options.folder, "content-store-bench")
        self.rounds = options.rounds
        self.size = int(options.gigabytes * 1e9)
        self.rows = []

    def run(self, *arguments):
        """Seconds of the whole process, and what it said."""
        os.sync()
        start = time.monotonic()
        said = subprocess.run([self.program, *arguments], check=True, capture_output=True, text=True).stdout
        return time.monotonic() - start, json.loads(said)

    def path(self, name):
        return os.path.join(self.folder, name)

    def fresh(self, name):
        shutil.rmtree(self.path(name), ignore_errors=True)
        return self.path(name)

    def row(self, what, value, limit, holds, note=""):
        self.rows.append(holds)
        print(f"{'ok  ' if holds else 'MISS'} {what}: {value} (wanted {limit}) {note}", file=sys.stderr, flush=True)

    def saving(self):
        first, second = [], []
        for _ in range(self.rounds):
            store = self.fresh("store")
            first.append(self.run("save", store, self.path("tree"))[0])
            seconds, said = self.run("save", store, self.path("tree"))
            second.append(seconds)
            assert said["read"] == 0 and said["stored"] == 0, said
        self.tree = said["tree"]
        ratio = min(first) / min(second)
        self.row("second save of the same tree", f"{ratio:.1f}x faster", ">= 3x", ratio >= 3,
                 f"{min(first):.2f} s, then {min(second):.3f} s; {said['files']} files")

    def restoring(self):
        archive = self.path("tree.tar.zst")
        subprocess.run(f"tar c -C {self.path('tree')} . | zstd -q -1 -f -o {archive}", shell=True, check=True)
        ours, theirs = [], []
        # What was restored stays until the end: ext4 gives inodes that were deleted a moment ago out again slowly.
        for number in range(self.rounds):
            def unpack():
                folder = self.path(f"out-tar-{number}")
                os.makedirs(folder)
                theirs.append(timed(f"zstd -dc {archive} | tar x -C {folder}"))

            def restore():
                ours.append(self.run("restore", self.path("store"), self.tree, self.path(f"out-{number}"))[0])

            for side in [unpack, restore] if number % 2 == 0 else [restore, unpack]:
                side()
        for number in range(self.rounds):
            subprocess.run(["rm", "-rf", self.path(f"out-tar-{number}"), self.path(f"out-{number}")], check=True)
        ratio = min(theirs) / min(ours)
        sizes = f"{folder_bytes(self.path('store')) >> 20} MiB beside an archive of {os.path.getsize(archive) >> 20} MiB"
        self.row("restore against zstd -d | tar x", f"{ratio:.2f}x as fast", ">= 1x", ratio >= 1,
                 f"{min(ours):.2f} s, {min(theirs):.2f} s; all: {shown(ours)}, {shown(theirs)}; {sizes}")

    def changing(self, files):
        chance = random.Random(3)
        for path in chance.sample(files, len(files) // 100):
            with open(path, "r+b") as file:
                size = os.path.getsize(path)
                file.write(bytes(chance.getrandbits(7) | 32 for _ in range(size)))
        before = folder_bytes(self.path("store"))
        said = self.run("save", self.path("store"), self.path("tree"))[1]
        raw = said["new"] / said["bytes"] * 100
        disk = said["stored"] / before * 100
        self.row("1 % of the files rewritten", f"{raw:.1f} % of the bytes new, {disk:.1f} % on the disk", "<= 5 %",
                 raw <= 5 and disk <= 5)

    def snapshot(self):
        make_tree(self.path("many"), file_count=20_000)
        store = self.fresh("store-many")
        self.run("save", store, self.path("many"))
        time.sleep(0.1)
        times = [self.run("save", store, self.path("many"))[0] for _ in range(self.rounds * 3)]
        self.row("snapshot of 20 000 unchanged files", f"{min(times) * 1000:.0f} ms", "<= 100 ms", min(times) <= 0.1,
                 f"median {sorted(times)[len(times) // 2] * 1000:.0f} ms, with the start of the process")

    def updating(self):
        workspace = self.path("workspace")
        files = make_tree(workspace, size_bytes=2 * self.size)
        store = self.fresh("store-workspace")
        tree = self.run("save", store, workspace)[1]["tree"]
        self.run("save", store, workspace)
        times = []
        chance = random.Random(5)
        for _ in range(self.rounds):
            for path in chance.sample(files, 50):
                with open(path, "ab") as file:
                    file.write(b"changed\n")
            for path in chance.sample(files, 50):
                if os.path.exists(path):
                    os.unlink(path)
            seconds, said = self.run("update", store, tree, workspace)
            times.append(seconds)
            assert 50 <= said["written"] <= 200, said
        self.row("restoring the difference of 100 files on 2 GB", f"{min(times):.2f} s", "<= 5 s", min(times) <= 5,
                 f"{len(files)} files; all: {shown(times)}")

    def everything(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        try:
            files = make_tree(self.path("tree"), size_bytes=self.size)
            time.sleep(0.1)
            self.saving()
            self.restoring()
            self.changing(files)
            for name in ["tree", "store", "tree.tar.zst"]:
                subprocess.run(["rm", "-rf", self.path(name)], check=True)
            self.snapshot()
            self.updating()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return all(self.rows)


def folder_bytes(folder):
    return sum(os.path.getsize(os.path.join(top, name)) for top, _, names in os.walk(folder) for name in names)


def shown(times):
    return " ".join(f"{seconds:.2f}" for seconds in times)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=".build/release/content-store-bench")
    parser.add_argument("--folder", default=".build/bench")
    parser.add_argument("--gigabytes", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    sys.exit(0 if Bench(parser.parse_args()).everything() else 1)


if __name__ == "__main__":
    main()
