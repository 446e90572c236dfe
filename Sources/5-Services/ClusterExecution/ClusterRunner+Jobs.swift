// SPDX-License-Identifier: Apache-2.0

internal import ClusterAccess
internal import Diagnostics
internal import HTTPMessages
internal import PipelineModel
internal import ProcessControl
internal import RunCoordination
internal import RunEngine
internal import RunnerAgent
internal import RunnerProtocol
internal import StructuredData

/// From an assignment to a Job, and from a pod's state to what the server is told.
extension ClusterRunner {
    private static let roomPause = Duration.seconds(5)

    // MARK: making

    func make(_ assignment: JobAssignment, _ link: ServerLink) async {
        let lease = assignment.lease
        let start = BootInstant.now()
        var pause = surroundings.pace.first
        while let known = held[lease], !known.isEnding {
            do throws(DiagnosticError) {
                try await makeOnce(assignment, link)
                refusal = nil
                // Its pod may have been seen by now, and say what it waits for.
                if held[lease]?.hasPod == false { held[lease]?.wait = nil }
                held[lease]?.isMade = true
                // It may have been given up in between, and what was made after that would stay.
                if held[lease] == nil { await remove(names.name(lease)) }
                return
            } catch {
                switch error.diagnostic.code {
                case .leaseLost: return drop(lease)
                case .clusterQuota:
                    let text = words(of: error.diagnostic.message)
                    refuse(text)
                    wait(lease, PodVerdict.Wait(.room, text))
                    guard BootInstant.now() - start < .seconds(settings.roomSeconds) else {
                        refusal = nil
                        return await fail(lease, Self.noRoom(text, settings.roomSeconds))
                    }
                    pause = Self.roomPause
                case .clusterUnreachable, .clusterBusy, .webUnreachable, .serverBusy:
                    failed(error)
                    guard BootInstant.now() - start < .seconds(settings.roomSeconds) else {
                        return await forsake(lease, error.diagnostic.message)
                    }
                default: return await fail(lease, error)
                }
            }
            try? await Task.sleep(for: pause)
            pause = surroundings.pace.next(after: pause)
        }
    }

    static func noRoom(_ text: String, _ seconds: Int) -> DiagnosticError {
        DiagnosticError(
            .podWithoutRoom, "There was no room for the job's pod for \(seconds) s. \(text)",
            remedy: "Add nodes or raise the quota, ask for less, or let jobs wait longer with 'roomSeconds'.")
    }

    private func makeOnce(_ assignment: JobAssignment, _ link: ServerLink) async throws(DiagnosticError) {
        let lease = assignment.lease
        let demand = try JobContent(object: assignment.content).podDemand(lease.work.job)
        let job = try surroundings.manifest.job(lease, demand)
        let credential = try await link.delegate(lease)
        let secret = surroundings.manifest.secret(lease, demand, credential: credential)
        _ = try await createUnlessThere(.secrets, secret)
        let made = try await createUnlessThere(.jobs, job)
        // Off the way of the pod: the Secret goes with the Job.
        guard let uid = made?["metadata"]?["uid"]?.string else { return }
        let name = names.name(lease)
        let owner: DataValue = [
            "metadata": [
                "ownerReferences": [
                    ["apiVersion": "batch/v1", "kind": "Job", "name": .string(name), "uid": .string(uid)]
                ]
            ]
        ]
        do throws(DiagnosticError) {
            try await cluster.patch(.secrets, name, owner, in: settings.namespace)
        } catch {
            failed(error)
        }
    }

    /// - Returns: `nil`: an earlier try made it, whose answer was lost.
    private func createUnlessThere(
        _ kind: ClusterKind, _ object: DataValue
    ) async throws(DiagnosticError) -> DataValue? {
        do throws(DiagnosticError) {
            return try await cluster.create(kind, object, in: settings.namespace)
        } catch {
            guard error.diagnostic.code == .clusterConflict else { throw error }
            return nil
        }
    }

    // MARK: seeing

    func seen(_ change: ObjectWatch.Change) async {
        switch change {
        case .listed(let pods):
            let there = Set(pods.compactMap(LeaseNames.lease(of:)))
            for (lease, known) in held where known.hasPod && !there.contains(lease) {
                await forsake(lease, "Its pod is gone.")
            }
            for pod in pods { await judge(pod) }
        case .changed(let pod): await judge(pod)
        case .removed(let pod):
            await judge(pod)
            // What it said before it went is told by now; else it went without a word.
            guard let lease = LeaseNames.lease(of: pod), held[lease] != nil else { return }
            await forsake(lease, PodStatus(pod).gone)
        }
    }

    private func judge(_ pod: DataValue) async {
        guard let lease = LeaseNames.lease(of: pod), held[lease]?.isEnding == false else { return }
        let verdict = PodVerdict(pod: pod)
        let (name, first) = (LeaseNames.name(of: pod), held[lease]?.podName ?? "")
        // One that a Job's controller made in place of the first is given nothing by the server: what became of the first is said by it.
        if first.isEmpty || first == name {
            held[lease]?.hasPod = true
            held[lease]?.podName = name
            held[lease]?.charge = PodCharge(pod: pod)
        } else if !verdict.isOfWork {
            return
        }
        switch verdict {
        case .running:
            held[lease]?.isRunning = true
            held[lease]?.wait = nil
        case .over:
            comebacks[lease.work] = nil
            drop(lease)
        case .lost(let text): await forsake(lease, text)
        case .failed(let error): await fail(lease, error)
        case .waiting(nil): held[lease]?.wait = nil
        case .waiting(let found?):
            wait(lease, found)
            await endIfTooLong(lease)
        }
    }

    /// Looks at what waits, and at Jobs of which no pod was seen.
    func look() async {
        for (lease, known) in held where !known.isRunning && !known.isEnding {
            if !known.hasPod, BootInstant.now() - known.takenAt > Self.roomPause { await lookForJob(lease) }
            await lookForWarnings(lease)
            await endIfTooLong(lease)
        }
        if waits != toldWaits { pollAnew() }
    }

    /// A Job without a pod: it waits to have one, or has had its last, or is gone itself.
    private func lookForJob(_ lease: LeaseKey) async {
        guard held[lease]?.isMade == true else { return }
        do throws(DiagnosticError) {
            let job = try await cluster.get(.jobs, names.name(lease), in: settings.namespace)
            let conditions = job["status"]?["conditions"]?.array ?? []
            let end = conditions.first { condition in
                ["Failed", "Complete"].contains(condition["type"]?.string ?? "")
                    && condition["status"]?.string == "True"
            }
            guard held[lease]?.hasPod == false else { return }
            guard let end else { return await askForEvents(lease) }
            let said = PodStatus.plain(end["message"]?.string ?? "", PodStatus.tailCharacters)
            await forsake(lease, "Its Job ended without a pod that could be asked: \(said)")
        } catch {
            guard error.diagnostic.code == .clusterMissing else { return failed(error) }
            if held[lease]?.hasPod == false { await forsake(lease, "Its Job was removed from the cluster.") }
        }
    }

    /// Why a Job has no pod: the cluster says so in events only.
    private func askForEvents(_ lease: LeaseKey) async {
        let fields = "involvedObject.kind=Job,involvedObject.name=\(names.name(lease)),reason=FailedCreate"
        guard let events = try? await cluster.list(.events, in: settings.namespace, fields: fields).items,
            let text = events.last?["message"]?.string, let known = held[lease], !known.hasPod
        else { return }
        wait(lease, PodVerdict.Wait(.room, words(of: text)), since: known.takenAt)
    }

    private func endIfTooLong(_ lease: LeaseKey) async {
        guard let (since, wait) = held[lease]?.wait else { return }
        let waited = BootInstant.now() - since
        switch wait.kind {
        case .room where waited >= .seconds(settings.roomSeconds):
            await fail(lease, Self.noRoom(wait.text, settings.roomSeconds))
        case .setUp where waited >= .seconds(settings.roomSeconds):
            await fail(
                lease,
                DiagnosticError(
                    .podNotStarted, "Its pod had not begun after \(settings.roomSeconds) s. \(wait.text)",
                    remedy: "See the pod's events, and the volumes and images that it has."))
        case .image where waited >= .seconds(settings.imageSeconds), .never:
            await fail(
                lease,
                DiagnosticError(
                    .podImageMissing, wait.text, remedy: "Check the image's name, its tag, and who may pull it."))
        default: break
        }
    }

    // MARK: ending

    /// What carried the job is gone.
    func forsake(_ lease: LeaseKey, _ text: String) async {
        guard held[lease]?.isEnding == false else { return }
        comebacks[lease.work, default: 0] += 1
        guard comebacks[lease.work, default: 0] < Self.comebackLimit else {
            return await fail(
                lease,
                DiagnosticError(
                    .podLost, "It came back from the cluster \(Self.comebackLimit) times. \(text)",
                    remedy: "See the cluster's nodes, and run the job again."))
        }
        held[lease]?.isEnding = true
        await tell(lease) { (link) throws(DiagnosticError) in
            try await link.forsake(ForsakenLease(lease, reason: text))
        }
        surroundings.say("The job \(lease.work): \(text)")
        drop(lease)
    }

    func fail(_ lease: LeaseKey, _ error: DiagnosticError) async {
        let remedy = error.diagnostic.remedy.map { " \($0)" } ?? ""
        let reason = Reason(.setup, "\(error.diagnostic.code): \(error.diagnostic.message)\(remedy)")
        await end(lease, JobOutcome(.failure, reason: reason))
    }

    func end(_ lease: LeaseKey, _ outcome: JobOutcome) async {
        guard held[lease]?.isEnding == false else { return }
        held[lease]?.isEnding = true
        comebacks[lease.work] = nil
        let part = Progress.Part.finished(outcome: outcome.data.object ?? DataObject(), outputs: DataObject())
        await tell(lease) { (link) throws(DiagnosticError) in
            _ = try await link.progress(Progress(lease: lease, parts: [part]))
        }
        surroundings.say("The job \(lease.work): \(outcome.reason?.text ?? outcome.conclusion.rawValue)")
        drop(lease)
    }

    /// Until the server has it, or the lease is another's.
    private func tell(
        _ lease: LeaseKey, _ body: @Sendable (ServerLink) async throws(DiagnosticError) -> Void
    ) async {
        var pause = surroundings.pace.first
        while held[lease] != nil {
            do throws(DiagnosticError) {
                return try await body(try surroundings.link())
            } catch {
                guard [.webUnreachable, .serverBusy].contains(error.diagnostic.code) else {
                    if error.diagnostic.code != .leaseLost { surroundings.report(error) }
                    return
                }
            }
            try? await Task.sleep(for: pause)
            pause = surroundings.pace.next(after: pause)
        }
    }

    // MARK: removing

    /// The Job goes, and with it its pod and its Secret.
    func remove(_ name: String) async {
        do throws(DiagnosticError) {
            try await cluster.delete(.jobs, name, in: settings.namespace)
            // It has an owner, unless this runner was killed in between.
            try await cluster.delete(.secrets, name, in: settings.namespace)
        } catch {
            // The sweep comes by again.
            failed(error)
        }
    }

    /// Removes what has this runner's labels and no lease of its own.
    func sweep() async {
        do throws(DiagnosticError) {
            for kind in [ClusterKind.jobs, .secrets] {
                for object in try await cluster.list(kind, in: settings.namespace, labels: names.selector).items {
                    guard object["metadata"]?["deletionTimestamp"] == nil else { continue }
                    if let lease = LeaseNames.lease(of: object), held[lease] != nil { continue }
                    await remove(LeaseNames.name(of: object))
                }
            }
        } catch {
            failed(error)
        }
    }
}
