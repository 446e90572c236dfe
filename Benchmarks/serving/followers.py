# SPDX-License-Identifier: Apache-2.0
"""Many clients that follow logs while they are written."""

import subprocess
import sys
import time

from serving.martlet import Server
from serving.measures import Row


def rows(bench):
    """1 000 clients on ten logs that ten jobs write, 100 lines a second each."""
    seconds, logs, clients = bench.options.follow_seconds, 10, bench.options.clients
    lines = seconds * 100
    talk = (f"import time\nstart = time.monotonic()\nfor n in range({lines}):\n"
            "    time.sleep(max(0, start + n / 100 - time.monotonic()))\n"
            "    print(f'line {n} of the log, with some words to make it as long as lines are wont to be',"
            " flush=True)\n")
    text = ("on: workflow_dispatch\njobs:\n  talk:\n    runs-on: ubuntu-latest\n    steps:\n"
            "      - uses: actions/checkout@v4\n      - run: python3 .github/workflows/talk.py\n")
    with Server(bench, "followers", "--capacity", str(logs)) as server:
        _, bare = server.repository("app", {"ci.yml": text, "talk.py": talk})
        server.project("app", bare)
        runs = [server.dispatch("app", "ci.yml") for _ in range(logs)]
        paths = [f"/api/v1/runs/{run}/attempts/1/logs/talk/2/1" for run in runs]
        began = time.monotonic()
        process = subprocess.Popen(
            [bench.options.followers, str(server.port), server.token, str(clients), *paths],
            stdout=subprocess.PIPE, text=True)
        if process.stdout.readline().strip() != "following":
            sys.exit("the followers do not follow")
        answered = time.monotonic() - began
        counts = process.stdout.readline().split(" ", 3)
        process.wait()
        memory = server.memory()[1]
        # With what the runner says before the script speaks.
        lines = max(server.last_line(path) for path in paths)
        conclusions = {server.call("GET", f"/api/v1/runs/{run}").get("conclusion") for run in runs}
    wanted, got, faults = clients * lines, int(counts[1]), int(counts[2])
    holds = memory <= 200 and got == wanted and faults == 0
    return [Row(
        f"{clients} clients following logs of 100 lines a second by server-sent events", "≤ 200 MB, no line lost",
        f"{memory:.0f} MB, {wanted - got} lost",
        f"{got} lines in {time.monotonic() - began:.0f} s of {logs} logs; all answered after {answered:.1f} s; "
        f"{faults} faults {counts[3].strip()}; runs {', '.join(map(str, conclusions))}", holds)]
