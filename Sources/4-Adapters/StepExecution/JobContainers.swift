// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
import PipelineModel
package import StructuredData

/// The containers of a job, made and used by whoever speaks to an engine. Called on the loop's thread, where nothing of it
/// may block; answers come there too.
package struct JobContainers {
    /// Makes the job's network, its services and its own container; what a failure leaves is removed before it is told.
    package var prepare: (ContainerDemand, _ then: @escaping (Result<ContainerFacts, DiagnosticError>) -> Void) -> Void
    /// Starts a process in the job's container. The descriptor takes its output, and is the callee's to close.
    package var execute: (ContainerCommand, Int32, _ then: @escaping (ContainerExit) -> Void) -> ContainedProcess
    /// Runs a container of its own to its end, and removes it.
    package var runAction: (ContainerAction, Int32, _ then: @escaping (ContainerExit) -> Void) -> ContainedProcess
    /// Runs a program in the job's container with this process's terminal, and blocks until it ends; on any thread.
    package var attach: @Sendable (ContainerCommand) throws(DiagnosticError) -> Int32
    /// Gives up what is being prepared.
    package var stopPreparing: () -> Void
    /// Removes all that ``prepare`` made.
    package var remove: (_ then: @escaping ([DiagnosticError]) -> Void) -> Void

    package init(
        prepare: @escaping (ContainerDemand, @escaping (Result<ContainerFacts, DiagnosticError>) -> Void) -> Void,
        execute: @escaping (ContainerCommand, Int32, @escaping (ContainerExit) -> Void) -> ContainedProcess,
        runAction: @escaping (ContainerAction, Int32, @escaping (ContainerExit) -> Void) -> ContainedProcess,
        attach: @escaping @Sendable (ContainerCommand) throws(DiagnosticError) -> Int32,
        stopPreparing: @escaping () -> Void,
        remove: @escaping (@escaping ([DiagnosticError]) -> Void) -> Void
    ) {
        self.prepare = prepare
        self.execute = execute
        self.runAction = runAction
        self.attach = attach
        self.stopPreparing = stopPreparing
        self.remove = remove
    }
}

/// What a job asks for before its first step, evaluated.
package struct ContainerDemand: Sendable {
    /// As a workflow writes it: an image's name, or a mapping; `nil`: the job runs on the machine itself.
    package var container: DataValue?
    /// By their names.
    package var services: DataObject
    package var mounts: [ContainerMount]
    /// In the container.
    package var workspace: String
    /// An earlier process may have left containers of this job.
    package var isResumed: Bool
}

package struct ContainerFacts: Sendable {
    /// What the `job` context gets: `container`, `services`.
    package var context: DataObject
    /// `PATH` in the job's container; `nil`: its image names none, and the engine gives it the usual one.
    package var searchPath: String?
    /// Docker's own.
    static let usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    /// For those who watch the job.
    package var notes: [Annotation] = []

    package init(context: DataObject) { self.context = context }
}

/// A process to be started in a job's container.
package struct ContainerCommand: Sendable {
    /// With its arguments. Looked up on the container's `PATH`.
    package var command: [String]
    /// The first word of ``command`` is wherever node is.
    package var isForNode = false
    /// `NAME=value`.
    package var environment: [String]
    package var folder: String
    /// An entry of its environment, by which it and its children are found.
    package var marker: String
}

/// A Docker action's container.
package struct ContainerAction: Sendable {
    package enum Image: Hashable, Sendable {
        case pulled(String)
        /// From a Dockerfile, relative to the context's folder.
        case built(folder: String, dockerfile: String)
    }

    package var image: Image
    package var entrypoint: String?
    package var arguments: [String]
    package var environment: [String]
    package var mounts: [ContainerMount]
    package var folder: String
}

package enum ContainerExit: Sendable {
    case ended(code: Int, isOutOfMemory: Bool)
    /// It could not be started, or nobody knows how it ended.
    case failed(DiagnosticError)
}

/// What is under way in a container.
package struct ContainedProcess {
    package var signal: (Int32) -> Void
    /// Ends it by force, and does not wait for it for long.
    package var kill: () -> Void

    package init(signal: @escaping (Int32) -> Void, kill: @escaping () -> Void) {
        self.signal = signal
        self.kill = kill
    }
}
