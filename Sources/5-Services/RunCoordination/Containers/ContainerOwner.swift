// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import StepExecution

/// Whose a container is: by its labels it is found and removed, whatever happened to those who made it.
struct ContainerOwner: Hashable, Sendable {
    /// Of all containers of a store.
    static let storeKey = "dev.martlet.store"
    static let runKey = "dev.martlet.run"
    static let jobKey = "dev.martlet.job"

    let store: String
    let run: RunID
    let job: JobID
    /// As the job's processes carry it.
    private let marker: String

    init(_ identity: HostJob.Identity) {
        store = identity.store
        run = identity.run
        job = identity.job
        marker = identity.marker
    }

    var labels: [String: String] {
        [Self.storeKey: store, Self.runKey: "\(store)/\(run)", Self.jobKey: marker]
    }

    var jobLabel: String { "\(Self.jobKey)=\(marker)" }

    /// A name in the engine, which people read in its lists.
    func name(_ part: String) -> String {
        let text = "martlet-\(run)-\(job.text)-\(part)"
        let plain = String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) ? $0 : "-" })
        return plain.prefix(80) + "-" + ContentDigest.of(Array("\(marker) \(part)".utf8)).prefix(8)
    }
}
