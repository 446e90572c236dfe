# SPDX-License-Identifier: Apache-2.0
"""Cold start, and what lies idle in memory."""

import statistics
import time

from serving import buildbot
from serving.martlet import Server
from serving.measures import Row, memory, ms, times, turns


class Starts:
    def __init__(self, bench):
        self.bench = bench
        self.cold, self.warm, self.idle, self.runner = [], [], [], []
        self.peer_cold, self.peer_idle, self.peer_worker = [], [], []

    def martlet(self):
        """An empty folder, then the folder of a server that was there before; memory after it has had nothing to do."""
        with Server(self.bench, "start") as server:
            self.cold.append(server.start_seconds)
            time.sleep(2)
            self.idle.append(server.memory()[0])
            self.runner += [server.memory(pid)[0] for pid in server.runner_pids()]
            server.stop()
            self.warm.append(server.start())

    def peer(self):
        """A master whose folder and database are there already, for making them is a command of its own."""
        with buildbot.Master(self.bench, "start", "app") as master:
            self.peer_cold.append(master.start_seconds)
            time.sleep(2)
            self.peer_idle.append(memory(master.process.pid)[0])
            self.peer_worker.append(memory(master.worker.pid)[0])


def rows(bench):
    starts, middle = Starts(bench), statistics.median
    turns(bench.options.repeats, starts.martlet, *([starts.peer] if bench.buildbot else []))
    cold, idle, runner = middle(starts.cold), middle(starts.idle), middle(starts.runner)
    found = [
        Row("cold start to ready, an empty folder", "≤ 300 ms", ms(cold),
            f"{' '.join(ms(x) for x in starts.cold)}; again {ms(middle(starts.warm))}", cold <= 0.3),
        Row("idle server, resident", "≤ 60 MB", f"{idle:.0f} MB",
            f"its own runner, a second process, {runner:.0f} MB", idle <= 60),
    ]
    if bench.buildbot:
        theirs, worker = middle(starts.peer_idle), middle(starts.peer_worker)
        found[0].peer, found[0].ratio = ms(middle(starts.peer_cold)), times(cold, middle(starts.peer_cold))
        found[0].raw += f"; Buildbot {' '.join(ms(x) for x in starts.peer_cold)}, its database made before"
        found[1].peer, found[1].ratio = f"{theirs:.0f} MB", times(idle, theirs)
        found[1].raw += f"; Buildbot's worker {worker:.0f} MB; both processes {times(idle + runner, theirs + worker)}"
    return found
