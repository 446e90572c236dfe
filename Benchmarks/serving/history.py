# SPDX-License-Identifier: Apache-2.0
"""A past for Buildbot: so many builds in its database, each as one that it really carried out.

To carry out 100 000 would take it hours. Each build has rows of its own in every table that the real one has rows in.
"""

import sqlite3
import time

from serving import buildbot

# By table: its columns that get a value of their own, in terms of `n`, which counts the copies.
COPIES = {
    "buildsets": {"id": "id + n"},
    "buildset_sourcestamps": {"id": "id + n", "buildsetid": "buildsetid + n"},
    "buildset_properties": {"buildsetid": "buildsetid + n"},
    "buildrequests": {"id": "id + n", "buildsetid": "buildsetid + n"},
    "buildrequest_claims": {"brid": "brid + n"},
    "builds": {"id": "id + n", "number": "number + n", "buildrequestid": "buildrequestid + n"},
    "build_properties": {"buildid": "buildid + n"},
    "steps": {"id": "id + n * (SELECT max(id) FROM steps)", "buildid": "buildid + n"},
    "logs": {"id": "id + n * (SELECT max(id) FROM logs)", "stepid": "stepid + n * (SELECT max(id) FROM steps)"},
    "logchunks": {"logid": "logid + n * (SELECT max(id) FROM logs)"},
}


def made(bench, count):
    """A master that holds `count` builds, not started; kept from an earlier run where it is one."""
    mark = bench.folder / "servers/buildbot-many/made"
    if mark.exists() and mark.read_text() == f"{count} {buildbot.PACKAGES}":
        return buildbot.Master(bench, "many", "app", keep=True)
    with buildbot.Master(bench, "many", "app") as master:
        master.force("app")
        while not (builds := master.get("/api/v2/builds?complete=true")["builds"]):
            time.sleep(0.05)
    if len(builds) != 1 or builds[0]["results"] != 0:
        raise RuntimeError(f"not one build that succeeded: {builds}")
    copy(master.folder / "master/state.sqlite", count)
    mark.write_text(f"{count} {buildbot.PACKAGES}")
    return buildbot.Master(bench, "many", "app", keep=True)


def copy(path, count):
    with sqlite3.connect(path) as database:
        originals = {table: columns(database, table) for table in COPIES}
        database.execute("CREATE TEMP TABLE copies AS WITH RECURSIVE all_of(n) AS "
                         "(SELECT 1 UNION ALL SELECT n + 1 FROM all_of WHERE n < ?) SELECT n FROM all_of", (count - 1,))
        # Numbers are made of the greatest of a table: the last table that one depends on is copied first.
        for table in reversed(COPIES):
            names = ", ".join(originals[table])
            values = ", ".join(COPIES[table].get(name, name) for name in originals[table])
            database.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM {table}, copies")
        database.execute("DROP TABLE copies")
    database.execute("ANALYZE")
    database.close()


def columns(database, table):
    return [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
