// SPDX-License-Identifier: Apache-2.0

internal import ClusterAccess
internal import ClusterRules
internal import Diagnostics
internal import ProcessControl
internal import RunCoordination
internal import RunnerProtocol
internal import StructuredData
internal import Timekeeping

/// What jobs wait for, and what is not taken: told with each poll.
extension ClusterRunner {
    /// A pod that is long in being set up: what stands in the way is in its events only.
    func lookForWarnings(_ lease: LeaseKey, _ pod: String) async {
        let fields = "involvedObject.kind=Pod,involvedObject.name=\(pod),type=Warning"
        guard let events = try? await cluster.list(.events, in: settings.namespace, fields: fields).items,
            let said = events.last?["message"]?.string
        else { return }
        book.warned(lease, PodStatus.plain(said, RunnerLimits.refusalCharacters))
    }

    /// For the server.
    var waits: [LeaseWait] { Array(book.waits(at: Self.now).prefix(RunnerLimits.waits)) }

    /// Of what the cluster says of a quota, what people need of it.
    func words(of text: String) -> String {
        QuotaWords.sentence(text, namespace: settings.namespace ?? cluster.configuration.namespace)
            ?? "Its pod is not made: \(PodStatus.plain(text, RunnerLimits.refusalCharacters))"
    }

    // MARK: what is not taken

    var holdbacks: [Holdback] {
        let now = surroundings.now()
        var held = settings.profiles.sorted { $0.key < $1.key }.compactMap { label, profile -> Holdback? in
            guard let hours = profile.hours, !hours.contains(now) else { return nil }
            return Holdback(label: label, reason: "jobs with the label '\(label)' begin \(hours.text).")
        }
        guard !settings.budgets.isEmpty else { return held }
        ledger.turn(to: now)
        held += ledger.holdbacks(settings, running: Array(charges.values), at: now)
        return Array(held.prefix(RunnerLimits.holdbacks))
    }

    // MARK: budgets

    func note(projectOf assignment: JobAssignment) {
        guard !settings.budgets.isEmpty, let record = assignment.content["record"] else { return }
        let (id, name) = (record["project"]?.string ?? "", record["projectName"]?.string ?? "")
        guard ledger.entries[id]?.name != name else { return }
        ledger.note(project: id, name: name)
        changeLedger()
    }

    /// What a pod has cost is known once it is over.
    func settle(_ charge: PodCharge?) {
        guard !settings.budgets.isEmpty, let charge, charge.startedAt != nil else { return }
        ledger.charge(charge, at: surroundings.now())
        changeLedger()
    }

    /// What an earlier process of this runner, or another one of its kind, has kept.
    func readLedger() async throws(DiagnosticError) {
        guard !settings.budgets.isEmpty else { return }
        do throws(DiagnosticError) {
            let kept = try await cluster.get(.configMaps, names.budgetName, in: settings.namespace)
            ledger = BudgetLedger(data: kept["data"] ?? .null, now: surroundings.now())
        } catch {
            guard error.diagnostic.code == .clusterMissing else { throw error }
        }
    }

    private func changeLedger() {
        isLedgerChanged = true
        guard !isLedgerWritten else { return }
        isLedgerWritten = true
        Task { await self.writeLedger() }
    }

    /// One at a time, until what the cluster has is what is here; what fails is written with the next change.
    private func writeLedger() async {
        defer { isLedgerWritten = false }
        while isLedgerChanged {
            isLedgerChanged = false
            let object: DataValue = [
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": [
                    "name": .string(names.budgetName), "labels": .object(names.ownLabels),
                ],
                "data": .object(ledger.data),
            ]
            do throws(DiagnosticError) {
                try await cluster.apply(.configMaps, object, in: settings.namespace, isForced: true)
            } catch {
                isLedgerChanged = true
                return failed(error)
            }
        }
    }
}
