// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import GitHubWorkflows
internal import PipelineModel
internal import SourceControl
internal import WorkflowPlanning

/// What the workflows of this repository use of other ones: actions, those inside composite actions too, and workflows.
package struct ActionInventory {
    package struct Entry: Hashable, Sendable {
        /// As written after `uses:`.
        package var reference: String
        /// `owner/repo@ref`.
        package var repository: String
        /// What it stands for now; `nil` where no git repository stands behind it.
        package var commit: String?
        /// Where it comes from, or why it is not to be had.
        package var place: String
        package var isAvailable: Bool
    }

    private let files: WorkflowFiles

    package init(files: WorkflowFiles) { self.files = files }

    /// In the order of their names.
    ///
    /// - Parameter ignoringLock: asks what each ref stands for now.
    package func entries(ignoringLock: Bool = false) throws(DiagnosticError) -> [Entry] {
        let offer = try files.offer()
        let used = ignoringLock ? offer.withoutLock : offer
        let search = ActionSearch(root: files.state.root, offer: used, searchPath: files.searchPath)
        var calls: Set<RepositoryReference> = []
        for path in files.paths() {
            guard let workflow = try files.read(path).workflow else { continue }
            for job in workflow.jobs { visit(job, search, &calls) }
        }
        var entries = search.remote.map { text, finding in entry(text, finding, used) }
        for call in calls { entries.append(try entry(call, used)) }
        return entries.sorted { $0.reference < $1.reference }
    }

    private func visit(_ job: WorkflowJob, _ search: ActionSearch, _ calls: inout Set<RepositoryReference>) {
        switch job.work {
        case .steps(let job): visit(job.steps, search)
        case .call(let call):
            if let reference = RepositoryReference(call.reference.text) { calls.insert(reference) }
            for inner in call.called?.jobs ?? [] { visit(inner, search, &calls) }
        }
    }

    private func entry(_ call: RepositoryReference, _ offer: RepositoryOffer) throws(DiagnosticError) -> Entry {
        var entry = Entry(
            reference: call.description, repository: call.unit, place: offer.placesLooked, isAvailable: false)
        if let found = try offer.repository(call) {
            (entry.commit, entry.place, entry.isAvailable) = (found.commit, found.folder, true)
        }
        return entry
    }

    private func visit(_ steps: [WorkflowStep], _ search: ActionSearch) {
        for step in steps {
            switch step.work {
            case .uses(let uses): _ = search.find(ActionReference(text: uses.reference.text))
            case .parallel(let inner): visit(inner, search)
            case .run, .wait, .waitAll, .cancel: break
            }
        }
    }

    private func entry(_ text: String, _ finding: ActionFinding, _ offer: RepositoryOffer) -> Entry {
        let place = RepositoryReference(text)
        var entry = Entry(reference: text, repository: place?.unit ?? text, place: "", isAvailable: true)
        switch finding {
        case .found(.native, _): entry.place = "built in"
        case .found(_, let commit):
            entry.commit = commit
            entry.place = place.flatMap { offer.files($0, commit: commit)?.folder } ?? ""
        case .unavailable(let why):
            entry.place = why
            entry.isAvailable = false
        case .unknownYet:
            entry.place = "not there"
            entry.isAvailable = false
        }
        return entry
    }
}
