// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PipelineModel
internal import ProcessControl
internal import StepExecution

extension RunSession {
    /// The containers of one of the run's jobs; nothing is made before it is asked for.
    func containers(of job: JobID) -> ContainerHost {
        ContainerHost(
            engines: settings.engines, owner: ContainerOwner(identity(of: job)), storeRoot: store.root,
            isEnclosed: record.sandbox != nil, openServices: services.opener)
    }

    /// What an earlier process of this run left in the engine, where the run has to do with one at all. What cannot be
    /// removed now is tried again by whoever needs the engine.
    func sweepContainers() {
        guard record.plan.usesContainers else { return }
        let host = containers(of: JobID("sweep"))
        loop.offload(isLong: true) { () -> Bool in
            (try? host.engine()) != nil
        } then: { _ in
        }
    }
}
