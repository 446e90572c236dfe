# SPDX-License-Identifier: Apache-2.0
"""The row about jobs in containers: 50 steps beside the same scripts by `docker exec`, and beside act. Needs dockerd."""

import os
import shutil
import statistics
import subprocess
import time
from pathlib import Path

STEPS = 50
ROUNDS = 3
IMAGE = "martlet-bench/shell:1"


class Engine:
    """A dockerd of its own, with an image of busybox and this machine's bash and node."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.socket = self.folder / "engine.sock"
        self.environment = {"DOCKER_HOST": f"unix://{self.socket}"}
        self.folder.mkdir(parents=True)
        log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(
            ["dockerd", f"--host=unix://{self.socket}", f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec",
             f"--pidfile={self.folder}/pid", "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false",
             "--ip-forward=false", "--shutdown-timeout=3", "--default-address-pool=base=10.210.0.0/16,size=24"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while self.docker("version", check=False).returncode != 0:
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text()[-500:])
            time.sleep(0.1)
        root = self.folder / "image"
        (root / "bin").mkdir(parents=True)
        for name in ("etc", "tmp", "usr/bin", "var"):
            (root / name).mkdir(parents=True, exist_ok=True)
        (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
        shutil.copy(shutil.which("busybox"), root / "bin/busybox")
        for name in "sh cat echo ls sleep head tail env true false test mkdir rm cp chmod id uname tar".split():
            (root / "bin" / name).symlink_to("busybox")
        for program in filter(None, map(shutil.which, ("bash", "node"))):
            shutil.copy(os.path.realpath(program), root / "usr/bin" / Path(program).name)
            for word in subprocess.run(["ldd", program], capture_output=True, text=True).stdout.split():
                if word.startswith("/"):
                    (root / word[1:]).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(os.path.realpath(word), root / word[1:])
        subprocess.run(f"tar -C {root} -c . | docker import - {IMAGE}", shell=True, check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, **self.environment})

    def docker(self, *arguments, check=True):
        return subprocess.run(["docker", *arguments], env={**os.environ, **self.environment}, check=check,
                              capture_output=True, text=True)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for place in (self.folder / "exec").glob("netns/*"):
            subprocess.run(["umount", "-l", str(place)], capture_output=True)
        subprocess.run(["rm", "-rf", str(self.folder)])


def rows(bench):
    if not shutil.which("dockerd") or not shutil.which("busybox"):
        print("  docker: not measured, for dockerd or busybox-static is not installed", flush=True)
        return []
    engine = Engine(f"/tmp/martlet-bench-docker-{os.getpid()}")
    try:
        return measure(bench, engine)
    finally:
        engine.stop()


def measure(bench, engine):
    steps = "".join("      - run: 'true'\n" for _ in range(STEPS))
    text = f"on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    container: {IMAGE}\n    steps:\n{steps}"
    root = bench.repository("docker", text)
    martlet = bench.as_martlet("docker, 50 steps", root, bench.folder / "homes" / "docker")
    # No image is to be had from elsewhere, and act must not ask for one.
    act = bench.as_act(root)
    act.command = [bench.act, "push", "-P", f"ubuntu-latest={IMAGE}", "--pull=false", "--rebuild=false"]
    for side in (martlet, act):
        side.environment = {**side.environment, **engine.environment}
    took = {"martlet": [], "act": [], "loop": []}
    for number in range(ROUNDS + 1):
        for name, side in (("martlet", martlet), ("act", act), ("loop", None)):
            seconds = bare_loop(engine) if side is None else bench.once(side)[0]
            if number:
                took[name].append(seconds)
    ours, theirs, bare = (statistics.median(took[name]) for name in ("martlet", "act", "loop"))
    raw = f"{ours:.2f} s : loop {bare:.2f} s, act {theirs:.2f} s"
    return [
        (f"a job of {STEPS} steps in a container, against start, `docker exec` {STEPS} times, remove", "≤ 1.5 ×",
         f"{ours / bare:.2f} ×", raw, ours / bare <= 1.5),
        ("the same, against act in docker mode", "≤ 1 ×", f"{ours / theirs:.3f} ×", raw, ours <= theirs),
    ]


def bare_loop(engine):
    """What a shell script would do: a container, its steps, and away with it."""
    script = (f"set -e; docker network create bench >/dev/null; docker run -d --rm --name bench --network bench {IMAGE} "
              f"tail -f /dev/null >/dev/null; for n in $(seq {STEPS}); do docker exec bench sh -e -c true; done; "
              "docker rm -f bench >/dev/null; docker network rm bench >/dev/null")
    os.sync()
    began = time.monotonic()
    subprocess.run(["sh", "-c", script], check=True, env={**os.environ, **engine.environment})
    return time.monotonic() - began
