// SPDX-License-Identifier: Apache-2.0

internal import ClusterAccess
internal import ClusterRules
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
        // However it ends: what a lease waits for that is gone must keep no other one out.
        defer { endRefusal(for: lease) }
        while let known = book.held[lease], !known.isEnding {
            do throws(DiagnosticError) {
                try await makeOnce(assignment, link)
                book.made(lease)
                // It may have been given up in between, and what was made after that would stay.
                if book.held[lease] == nil { await remove(names.name(lease)) }
                return
            } catch {
                switch error.diagnostic.code {
                case .leaseLost: return drop(lease)
                case .clusterQuota:
                    let text = words(of: error.diagnostic.message)
                    refuse(for: lease, text)
                    await perform(book.waits(lease, PodVerdict.Wait(.room, text), at: Self.now))
                    guard BootInstant.now() - start < .seconds(settings.roomSeconds) else {
                        return await perform(book.fail(lease, book.noRoom(text)))
                    }
                    pause = Self.roomPause
                case .clusterUnreachable, .clusterBusy, .webUnreachable, .serverBusy:
                    failed(error)
                    guard BootInstant.now() - start < .seconds(settings.roomSeconds) else {
                        return await perform(book.forsake(lease, error.diagnostic.message))
                    }
                default: return await perform(book.fail(lease, error))
                }
            }
            try? await Task.sleep(for: pause)
            pause = surroundings.pace.next(after: pause)
        }
    }

    private func makeOnce(_ assignment: JobAssignment, _ link: ServerLink) async throws(DiagnosticError) {
        let lease = assignment.lease
        let demand = try JobContent(object: assignment.content).podDemand(lease.work.job)
        let job = try surroundings.manifest.job(lease, demand)
        let credential = try await link.delegate(lease)
        let secrets = surroundings.manifest.secrets(lease, demand, credential: credential)
        for secret in secrets { _ = try await createUnlessThere(.secrets, secret) }
        let made = try await createUnlessThere(.jobs, job)
        // Off the way of the pod: Secrets go with the Job.
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
            for secret in secrets {
                try await cluster.patch(.secrets, LeaseNames.name(of: secret), owner, in: settings.namespace)
            }
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
            await perform(book.listed(Set(pods.compactMap(LeaseNames.lease(of:)))))
            for pod in pods { await judge(pod) }
        case .changed(let pod): await judge(pod)
        case .removed(let pod):
            guard let lease = LeaseNames.lease(of: pod) else { return }
            await perform(book.removed(lease, pod, at: Self.now))
        }
    }

    private func judge(_ pod: DataValue) async {
        guard let lease = LeaseNames.lease(of: pod), let known = book.held[lease] else { return }
        let acts = book.changed(lease, pod, at: Self.now)
        // Of one that a Job's controller made in place of the first nothing is charged: the server gives it nothing.
        if ["", LeaseNames.name(of: pod)].contains(known.podName) { charges[lease] = PodCharge(pod: pod) }
        await perform(acts)
    }

    /// Looks at what waits, and at Jobs of which no pod was seen.
    func look() async {
        for lease in book.unexplained(at: Self.now) { await lookForJob(lease) }
        for (lease, pod) in book.slowlySetUp(at: Self.now) { await lookForWarnings(lease, pod) }
        await perform(book.look(at: Self.now))
        if waits != toldWaits { pollAnew() }
    }

    /// A Job without a pod: it waits to have one, or has had its last, or is gone itself.
    private func lookForJob(_ lease: LeaseKey) async {
        do throws(DiagnosticError) {
            let job = try await cluster.get(.jobs, names.name(lease), in: settings.namespace)
            let conditions = job["status"]?["conditions"]?.array ?? []
            let end = conditions.first { condition in
                ["Failed", "Complete"].contains(condition["type"]?.string ?? "")
                    && condition["status"]?.string == "True"
            }
            guard let end else { return await askForEvents(lease) }
            let said = PodStatus.plain(end["message"]?.string ?? "", PodStatus.tailCharacters)
            await perform(book.podless(lease, "Its Job ended without a pod that could be asked: \(said)"))
        } catch {
            guard error.diagnostic.code == .clusterMissing else { return failed(error) }
            await perform(book.podless(lease, "Its Job was removed from the cluster."))
        }
    }

    /// Why a Job has no pod: the cluster says so in events only.
    private func askForEvents(_ lease: LeaseKey) async {
        let fields = "involvedObject.kind=Job,involvedObject.name=\(names.name(lease)),reason=FailedCreate"
        guard let events = try? await cluster.list(.events, in: settings.namespace, fields: fields).items,
            let text = events.last?["message"]?.string
        else { return }
        await perform(book.unmade(lease, words(of: text), at: Self.now))
    }

    /// What the book says is to be done.
    func perform(_ acts: [PodBook.Act]) async {
        for act in acts {
            switch act {
            case .drop(let lease): drop(lease)
            case .say(let lease, let text): surroundings.say("The job \(lease.work) \(text)")
            case .forsake(let lease, let text): await forsake(lease, text)
            case .fail(let lease, let error): await fail(lease, error)
            case .cancel(let lease, let reason):
                await end(lease, JobOutcome(.cancelled, reason: Reason(.cancelled, reason)))
            }
        }
    }

    // MARK: ending

    /// What carried the job is gone.
    private func forsake(_ lease: LeaseKey, _ text: String) async {
        await tell(lease) { (link) throws(DiagnosticError) in
            try await link.forsake(ForsakenLease(lease, reason: text))
        }
        surroundings.say("The job \(lease.work): \(text)")
        drop(lease)
    }

    private func fail(_ lease: LeaseKey, _ error: DiagnosticError) async {
        let remedy = error.diagnostic.remedy.map { " \($0)" } ?? ""
        let reason = Reason(.setup, "\(error.diagnostic.code): \(error.diagnostic.message)\(remedy)")
        await end(lease, JobOutcome(.failure, reason: reason))
    }

    private func end(_ lease: LeaseKey, _ outcome: JobOutcome) async {
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
        while book.held[lease] != nil {
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
                    if let lease = LeaseNames.lease(of: object), book.held[lease] != nil { continue }
                    await remove(LeaseNames.name(of: object))
                }
            }
        } catch {
            failed(error)
        }
    }
}
