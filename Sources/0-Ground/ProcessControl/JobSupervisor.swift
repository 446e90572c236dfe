// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl
package import Diagnostics

/// Which processes a signal goes to.
package enum KillScope: Hashable, Sendable {
    /// The process that was started for the attempt.
    case leader
    /// That process and all that descends from it, daemons included.
    case tree
}

/// The coordinator's handle on the supervisor of one job: the process that starts the job's steps,
/// and kills all of them when the coordinator goes, however it goes.
///
/// Nothing here blocks. For use by one event-loop thread, which watches ``descriptor`` for reading
/// (and for writing while ``hasUnsentRequests``) and calls ``receive(_:)``.
package final class JobSupervisor {
    package struct Options: Sendable {
        /// The job's receipts, made where they are not there; held locked by the supervisor for as long as
        /// processes of the job may be alive.
        package var receiptsPath: String
        /// Goes into `MARTLET_RUN` of every process, for ``LeftoverSweep`` to find it by.
        package var runID: String?
        /// Written into the receipts: what they say about processes holds for this boot only.
        package var bootID: String
        /// What the supervisor and all that it starts are in.
        package var cgroup: ProcessCgroup?

        package init(receiptsPath: String, runID: String?, bootID: String) {
            self.receiptsPath = receiptsPath
            self.runID = runID
            self.bootID = bootID
        }
    }

    /// Of the supervisor.
    package let processID: Int32
    /// To be watched for reading. Closed by ``SupervisorMessage/ended`` and by `deinit`.
    package let descriptor: Int32
    private let runMarkers: [String]
    private var unsent: [EncodedRequest] = []
    private var message = pc_message()
    private var hasEnded = false

    /// Forks a supervisor; ``SupervisorMessage/ready`` or `startFailed` comes later, and requests may be sent at once.
    ///
    /// - Throws: ``DiagnosticCode/supervisorNotStarted``.
    package init(_ options: Options) throws(DiagnosticError) {
        var handle = pc_supervisor_handle()
        let born = options.cgroup.flatMap { $0.version == 2 ? $0.directory : nil }
        let error = withOptionalCString(born) { pc_supervisor_start(options.receiptsPath, options.bootID, $0, &handle) }
        guard error == 0 else {
            throw DiagnosticError(
                .supervisorNotStarted,
                "The supervisor of a job could not be started: \(SystemError(number: error)).",
                remedy: "Free processes, memory or file descriptors (ulimit -u, ulimit -n).")
        }
        // Version 1 has no way to be born into a group; to be moved there costs 10 ms.
        if let group = options.cgroup, group.version == 1 { group.add(handle.pid) }
        processID = handle.pid
        descriptor = handle.socket
        runMarkers = options.runID.map { [PC_RUN_MARKER + "=" + $0] } ?? []
    }

    deinit {
        guard !hasEnded else { return }
        discard(unsent)
        pc_close(descriptor)  // the supervisor kills what is left and ends
    }

    /// Starts an attempt. A refusal as a duplicate means that it was started before: whatever the receipts said
    /// when they were read, it is not to be started again. ``SupervisorMessage/exited(_:)``, `launchFailed` or `refused` follows, exactly one of them,
    /// unless the supervisor ends before.
    ///
    /// - Throws: ``DiagnosticCode/spawnRequestInvalid``, ``DiagnosticCode/supervisorLost``.
    package func spawn(_ request: SpawnRequest) throws(DiagnosticError) {
        try send(EncodedRequest(spawn: request, markers: runMarkers + [PC_STEP_MARKER + "=" + request.key]))
    }

    /// Signals an attempt. With SIGKILL and ``KillScope/tree``, `treeGone` follows when nothing of it is left,
    /// or `patience` has passed; any other signal is sent once, with no answer.
    package func kill(
        _ key: String, signal: Int32, scope: KillScope, patience: Duration = .seconds(10)
    ) throws(DiagnosticError) {
        try EncodedRequest.check(key: key)
        var request = EncodedRequest(kind: PC_REQUEST_KILL, key: key)
        request.header.signal = signal
        request.header.scope = (scope == .tree ? PC_SCOPE_TREE : PC_SCOPE_LEADER).rawValue
        request.header.patience_ms = patience.wholeMilliseconds
        try send(request)
    }

    /// Kills every process of the job; `allGone` follows.
    package func killAll(patience: Duration = .seconds(10)) throws(DiagnosticError) {
        try sendSweep(PC_REQUEST_KILL_ALL, patience)
    }

    /// Kills every process of the job and ends the supervisor; `allGone` and `ended` follow.
    package func shutdown(patience: Duration = .seconds(10)) throws(DiagnosticError) {
        try sendSweep(PC_REQUEST_SHUTDOWN, patience)
    }

    private func sendSweep(_ kind: pc_request_kind, _ patience: Duration) throws(DiagnosticError) {
        var request = EncodedRequest(kind: kind)
        request.header.patience_ms = patience.wholeMilliseconds
        try send(request)
    }

    /// Hands over every message that has come. After ``SupervisorMessage/ended`` the descriptor is closed:
    /// the caller stops watching it before it looks at other descriptors.
    package func receive(_ body: (SupervisorMessage) throws -> Void) rethrows {
        while !hasEnded {
            let outcome = pc_message_receive(descriptor, &message)
            if outcome == 1 {
                if let known = SupervisorMessage(message) { try body(known) }
            } else if outcome == 0 || outcome != pc_would_block() {
                end()
                try body(.ended)
            } else {
                return
            }
        }
    }

    private func end() {
        hasEnded = true
        discard(unsent)
        unsent = []
        pc_close(descriptor)
        var status: Int32 = 0
        _ = pc_reap_waiting(processID, &status)
    }

    // MARK: sending

    /// The socket was full: watch ``descriptor`` for writing and call ``sendUnsent()``.
    package var hasUnsentRequests: Bool { !unsent.isEmpty }

    /// Sends what can be sent now of the requests that are waiting.
    ///
    /// - Throws: ``DiagnosticCode/supervisorLost``.
    package func sendUnsent() throws(DiagnosticError) {
        var sent = 0
        defer { unsent.removeFirst(sent) }
        for request in unsent {
            guard try transmit(request) else { return }
            discard([request])
            sent += 1
        }
    }

    private func send(_ request: EncodedRequest) throws(DiagnosticError) {
        if unsent.isEmpty, try transmit(request) { return }
        var waiting = request
        // The caller may close its descriptors as soon as this returns.
        waiting.descriptors = try request.descriptors.map { (descriptor) throws(DiagnosticError) in
            let copy = pc_duplicate(descriptor)
            guard copy >= 0 else { throw lost(-copy) }
            return copy
        }
        unsent.append(waiting)
    }

    /// Whether the socket took it.
    private func transmit(_ request: EncodedRequest) throws(DiagnosticError) -> Bool {
        guard !hasEnded else { throw lost(nil) }
        let error = withUnsafePointer(to: request.header) { header in
            pc_request_send(descriptor, header, request.payload, request.descriptors, request.descriptors.count)
        }
        if error == 0 { return true }
        if error == -pc_would_block() { return false }
        throw lost(error)
    }

    private func discard(_ requests: [EncodedRequest]) {
        for request in requests {
            for descriptor in request.descriptors { pc_close(descriptor) }
        }
    }

    private func lost(_ error: Int32?) -> DiagnosticError {
        let reason = error.map { ": \(SystemError(number: $0))" } ?? ""
        return DiagnosticError(
            .supervisorLost, "The supervisor of a job is gone\(reason).",
            remedy: "Resume the run: it kills what the supervisor left behind.")
    }
}
