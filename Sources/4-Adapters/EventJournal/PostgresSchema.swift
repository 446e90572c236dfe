// SPDX-License-Identifier: Apache-2.0

internal import PostgresAccess

/// The journal's tables in PostgreSQL, and the function that appends.
enum PostgresSchema {
    static let version = 2
    /// Whoever brings the tables up to date has this lock; the number is `MRTJ`.
    private static let lock = 0x4D52_544A
    /// While another server makes the tables.
    private static let timeoutMs = 60_000

    /// Makes the tables where there are none, or brings them up to date. Servers that begin together wait for one another.
    static func prepare(_ connection: PostgresConnection) throws(PostgresFailure) {
        try connection.script("SET client_min_messages = warning", timeoutMs: timeoutMs)
        try connection.transaction(timeoutMs: timeoutMs) { () throws(PostgresFailure) in
            try connection.script("SELECT pg_advisory_xact_lock(\(lock))", timeoutMs: timeoutMs)
            try connection.script(
                "CREATE TABLE IF NOT EXISTS martlet_layout (version bigint NOT NULL)", timeoutMs: timeoutMs)
            let found = try checkLayout(connection, timeoutMs: timeoutMs)
            if found < 1 { try connection.script(tables, timeoutMs: timeoutMs) }
            if found < version {
                // The functions belong to the layout: whoever changes one gives it another version.
                for functions in [earlier, seats, homes, append] {
                    try connection.script(functions, timeoutMs: timeoutMs)
                }
                try connection.script("INSERT INTO martlet_layout VALUES (\(version))", timeoutMs: timeoutMs)
            }
        }
    }

    private static func isThere(
        _ table: String, _ connection: PostgresConnection, timeoutMs: Int
    ) throws(PostgresFailure) -> Bool {
        try connection.run(
            "SELECT count(*) FROM pg_tables WHERE tablename = $1 AND schemaname = current_schema()", [.text(table)],
            timeoutMs: timeoutMs
        ).number(0, 0) > 0
    }

    /// Whether a move to the database has begun that did not end.
    static func isBeingMoved(_ connection: PostgresConnection, timeoutMs: Int) throws(PostgresFailure) -> Bool {
        try isThere("martlet_move", connection, timeoutMs: timeoutMs)
    }

    /// - Throws: where a move has begun that did not end.
    static func refuseMove(_ connection: PostgresConnection, timeoutMs: Int) throws(PostgresFailure) {
        guard try isBeingMoved(connection, timeoutMs: timeoutMs) else { return }
        throw PostgresFailure(.raised(state: JournalState.moving, detail: ""), place: connection.place, detail: "")
    }

    /// - Returns: the database's identity; `nil`: there are no tables yet.
    static func look(_ connection: PostgresConnection, timeoutMs: Int) throws(PostgresFailure) -> String? {
        guard try isThere("martlet_layout", connection, timeoutMs: timeoutMs) else { return nil }
        try checkLayout(connection, timeoutMs: timeoutMs)
        return try connection.run("SELECT identity FROM installation", timeoutMs: timeoutMs).text(0, 0)
    }

    /// - Returns: the layout that the database has; 0: none.
    @discardableResult
    private static func checkLayout(
        _ connection: PostgresConnection, timeoutMs: Int
    ) throws(PostgresFailure) -> Int {
        let rows = try connection.run("SELECT max(version) FROM martlet_layout", timeoutMs: timeoutMs)
        let found = Int(rows.optionalNumber(0, 0) ?? 0)
        guard found <= version else {
            throw PostgresFailure(
                .raised(state: JournalState.tooNew, detail: "\(found)"), place: connection.place, detail: "")
        }
        return found
    }

    /// A stream's version, last type and last time stand in its row, which each append locks: what several servers write to
    /// one stream is one after another. Names are compared by bytes.
    private static let tables = """
        CREATE TABLE streams (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text COLLATE "C" NOT NULL UNIQUE,
            version bigint NOT NULL DEFAULT 0,
            last_type text NOT NULL DEFAULT '',
            last_at bigint NOT NULL DEFAULT 0,
            wake_at bigint,
            epoch bigint NOT NULL DEFAULT 0,
            owner text
        ) WITH (fillfactor = 70);
        CREATE INDEX streams_by_wake ON streams (wake_at, name) WHERE wake_at IS NOT NULL;
        CREATE TABLE events (
            stream bigint NOT NULL,
            sequence bigint NOT NULL,
            at bigint NOT NULL,
            type text NOT NULL,
            version bigint NOT NULL,
            payload bytea NOT NULL,
            PRIMARY KEY (stream, sequence)
        );
        CREATE TABLE outbox (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            stream bigint NOT NULL,
            key text COLLATE "C" NOT NULL UNIQUE,
            destination text NOT NULL,
            payload bytea NOT NULL,
            settled boolean NOT NULL DEFAULT false
        );
        CREATE INDEX outbox_pending ON outbox (number) WHERE NOT settled;
        CREATE INDEX outbox_of_stream ON outbox (stream) WHERE NOT settled;
        CREATE TABLE blobs (
            digest text COLLATE "C" PRIMARY KEY,
            bytes bytea NOT NULL,
            stored_at bigint NOT NULL
        );
        ALTER TABLE blobs ALTER COLUMN bytes SET STORAGE EXTERNAL;
        CREATE TABLE servers (
            id text COLLATE "C" PRIMARY KEY,
            address text NOT NULL,
            epoch bigint NOT NULL,
            heard_at timestamptz NOT NULL
        ) WITH (fillfactor = 50);
        CREATE TABLE seats (server text COLLATE "C" PRIMARY KEY, epoch bigint NOT NULL);
        CREATE TABLE homes (
            project text COLLATE "C" PRIMARY KEY,
            server text COLLATE "C" NOT NULL,
            heir text COLLATE "C"
        );
        CREATE SEQUENCE run_numbers AS bigint;
        CREATE SEQUENCE listing_order AS bigint;
        CREATE TABLE listing (
            run bigint PRIMARY KEY,
            turn bigint NOT NULL DEFAULT nextval('listing_order'),
            row bytea
        );
        CREATE INDEX listing_by_turn ON listing (turn);
        CREATE INDEX streams_of_open_runs ON streams (name) WHERE name >= 'run/' AND name < 'run0' AND last_type <> 'runFinished';
        CREATE TABLE installation (identity text NOT NULL, peer_key text NOT NULL, folder text,
            is_listed boolean NOT NULL DEFAULT false);
        INSERT INTO installation SELECT gen_random_uuid()::text, gen_random_uuid()::text || gen_random_uuid()::text;
        """

    /// Functions of earlier layouts that took something else.
    private static let earlier = "DROP FUNCTION IF EXISTS martlet_settle(bigint, text[], bigint)"

    /// Who writes by a seat holds its lock shared until its transaction is over; who takes the seat over waits for those, and
    /// is seen by all that come later. Locks of the lock manager cost no row a write, as locks of rows do.
    private static let seats = """
        CREATE OR REPLACE FUNCTION martlet_sit(seat text, held bigint) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            IF seat IS NULL THEN RETURN; END IF;
            PERFORM pg_advisory_xact_lock_shared(\(lock), hashtext(seat));
            PERFORM 1 FROM seats WHERE server = seat AND epoch = held;
            IF NOT FOUND THEN RAISE EXCEPTION 'unseated' USING ERRCODE = 'MR004'; END IF;
        END $$;
        CREATE OR REPLACE FUNCTION martlet_enter(seat text, place text) RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
            taken bigint;
        BEGIN
            PERFORM pg_advisory_xact_lock(\(lock), hashtext(seat));
            INSERT INTO seats VALUES (seat, 1) ON CONFLICT (server) DO UPDATE SET epoch = seats.epoch + 1
                RETURNING epoch INTO taken;
            INSERT INTO servers VALUES (seat, place, taken, clock_timestamp())
                ON CONFLICT (id) DO UPDATE
                SET address = place, epoch = taken, heard_at = clock_timestamp();
            RETURN taken;
        END $$;
        CREATE OR REPLACE FUNCTION martlet_leave(seat text, held bigint) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock(\(lock), hashtext(seat));
            UPDATE seats SET epoch = epoch + 1 WHERE server = seat AND epoch = held;
            DELETE FROM servers WHERE id = seat AND epoch = held;
        END $$;
        """

    /// What servers do for one another, one of them at a time: those that are silent lose their seats, and a project whose home
    /// is gone, or that has none, gets the server that has the fewest.
    private static let homes = """
        CREATE OR REPLACE FUNCTION martlet_settle(gone_ms bigint, known text[], removed text[], turn bigint) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            lost record;
            homeless text;
            best text;
        BEGIN
            IF NOT pg_try_advisory_xact_lock(\(lock), 0) THEN RETURN; END IF;
            FOR lost IN SELECT id, epoch FROM servers
                WHERE heard_at < clock_timestamp() - gone_ms * interval '1 millisecond' ORDER BY id
            LOOP
                PERFORM pg_advisory_xact_lock(\(lock), hashtext(lost.id));
                DELETE FROM servers WHERE id = lost.id AND epoch = lost.epoch
                    AND heard_at < clock_timestamp() - gone_ms * interval '1 millisecond';
                IF FOUND THEN UPDATE seats SET epoch = epoch + 1 WHERE server = lost.id; END IF;
            END LOOP;
            -- Not all that is not known: it may have been made a moment ago.
            DELETE FROM homes WHERE project = ANY (removed);
            FOR homeless IN
                SELECT p FROM unnest(known) AS p WHERE NOT EXISTS (
                    SELECT 1 FROM homes JOIN servers ON servers.id = homes.server WHERE homes.project = p) ORDER BY p
            LOOP
                SELECT servers.id INTO best FROM servers LEFT JOIN homes ON homes.server = servers.id
                    GROUP BY servers.id ORDER BY count(homes.project), servers.id LIMIT 1;
                EXIT WHEN best IS NULL;
                INSERT INTO homes VALUES (homeless, best) ON CONFLICT (project) DO UPDATE SET server = best, heir = NULL;
            END LOOP;
            UPDATE homes SET heir = NULL WHERE NOT EXISTS (SELECT 1 FROM servers WHERE id = homes.heir);
            -- One at a time goes from the server that has the most to the one that has the fewest, once it is idle.
            IF EXISTS (SELECT 1 FROM homes WHERE heir IS NOT NULL) THEN RETURN; END IF;
            UPDATE homes SET heir = fewest.id
                FROM (SELECT servers.id, count(project) AS had FROM servers LEFT JOIN homes ON homes.server = servers.id
                    GROUP BY servers.id ORDER BY 2, 1 LIMIT 1) AS fewest,
                (SELECT server, count(*) AS had, (array_agg(project ORDER BY md5(project || turn::text)))[1] AS pick
                    FROM homes GROUP BY server ORDER BY 2 DESC, 1 LIMIT 1) AS most
                WHERE project = most.pick AND most.had > fewest.had + 1;
        END $$;
        """

    /// All appends or none, in one round trip. Rows are locked in the order of their names, so that two appends to the same
    /// streams never wait for each other. What is refused is raised with the stream's place among the appends.
    ///
    /// Each row is found by its name, in a statement of its own: a join would be planned once, for the tables as they were
    /// then, and read all streams from there on.
    private static let append = """
        CREATE OR REPLACE FUNCTION martlet_append(
            names text[], expected bigint[], epochs bigint[], wakes bigint[], counts bigint[], last_types text[],
            event_sequences bigint[], event_types text[], event_versions bigint[], payloads bytea[],
            event_appends bigint[], message_appends bigint[], keys text[], destinations text[], bodies bytea[],
            this_moment bigint, seat text, seat_epoch bigint
        ) RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
            stamp bigint := this_moment;
            numbers bigint[] := '{}';
            places bigint[] := '{1}';
            i bigint;
            stream record;
        BEGIN
            PERFORM martlet_sit(seat, seat_epoch);
            IF cardinality(names) > 1 THEN
                places := ARRAY(
                    SELECT place FROM unnest(names) WITH ORDINALITY AS n (name, place) ORDER BY name COLLATE "C", place);
            END IF;
            FOREACH i IN ARRAY places LOOP
                LOOP
                    -- Below zero: no wake-up time, or the one that it has.
                    UPDATE streams SET version = version + counts[i],
                        last_type = CASE WHEN counts[i] > 0 THEN last_types[i] ELSE last_type END,
                        last_at = CASE WHEN counts[i] > 0 THEN greatest(stamp, last_at) ELSE last_at END,
                        wake_at = CASE wakes[i] WHEN -2 THEN wake_at WHEN -1 THEN NULL ELSE wakes[i] END
                    WHERE name = names[i] AND version = expected[i] AND (epochs[i] IS NULL OR epoch = epochs[i])
                    RETURNING number, last_at INTO stream;
                    EXIT WHEN FOUND;
                    SELECT version, epoch INTO stream FROM streams WHERE name = names[i] FOR NO KEY UPDATE;
                    IF NOT FOUND THEN
                        INSERT INTO streams (name) VALUES (names[i]) ON CONFLICT DO NOTHING;
                    ELSIF epochs[i] IS NOT NULL AND epochs[i] <> stream.epoch THEN
                        RAISE EXCEPTION 'fenced' USING ERRCODE = 'MR001', DETAIL = format('%s %s', i, stream.epoch);
                    ELSIF stream.version <> expected[i] THEN
                        RAISE EXCEPTION 'conflict' USING ERRCODE = 'MR002', DETAIL = format('%s %s', i, stream.version);
                    END IF;
                END LOOP;
                numbers[i] := stream.number;
                stamp := greatest(stamp, stream.last_at);
            END LOOP;
            -- All of one call have one time, which is never before any of theirs: a clock may have gone back.
            IF stamp > this_moment AND cardinality(names) > 1 THEN
                FOREACH i IN ARRAY places LOOP
                    UPDATE streams SET last_at = stamp WHERE number = numbers[i] AND counts[i] > 0 AND last_at < stamp;
                END LOOP;
            END IF;
            INSERT INTO events
                SELECT numbers[e.place], e.sequence, stamp, e.type, e.version, e.payload
                FROM unnest(event_appends, event_sequences, event_types, event_versions, payloads)
                    AS e (place, sequence, type, version, payload);
            IF cardinality(keys) > 0 THEN
                INSERT INTO outbox (stream, key, destination, payload)
                    SELECT numbers[m.place], m.key, m.destination, m.payload
                    FROM unnest(message_appends, keys, destinations, bodies) WITH ORDINALITY
                        AS m (place, key, destination, payload, turn)
                    ORDER BY m.turn ON CONFLICT (key) DO NOTHING;
            END IF;
            RETURN stamp;
        END $$;
        """
}

/// States that the journal's own function raises.
enum JournalState {
    static let fenced = "MR001"
    static let conflict = "MR002"
    static let tooNew = "MR003"
    static let unseated = "MR004"
    static let moving = "MR005"
}
