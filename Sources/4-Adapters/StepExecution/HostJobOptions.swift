// SPDX-License-Identifier: Apache-2.0

package import Crypto
package import Diagnostics
package import PipelineModel
package import ProblemMatching
package import ProcessControl
package import SecretRedaction
package import StructuredData
package import WorkflowPlanning

extension HostJob {
    /// All that one job needs to run on this machine.
    package struct Options {
        package var identity: Identity
        package var steps: PlannedSteps
        /// `env` of the workflow, then of the called workflow where the job is in one; the job's own comes after them.
        package var outerEnvironments: [TemplateValue] = []
        /// Values by context: `github`, `needs`, `strategy`, `matrix`, `inputs`, `vars`, `secrets`.
        package var contexts: DataObject
        package var folders: Folders
        /// `NAME=value`, what every process inherits.
        package var hostEnvironment: [String]
        package var runner = RunnerFacts()
        /// Known before the first step; steps add to them.
        package var secrets: [Secret] = []
        /// By name: `checkout`.
        package var nativeActions: [String: NativeAction] = [:]
        /// The conditions of native actions' parts after the job's last step, by the same names; by what a step gives.
        package var nativePosts: [String: @Sendable (ActionWork) -> String] = [:]
        /// Finds an action that the plan could not: in the workspace, as it is when the step starts.
        package var findAction: (ActionReference) -> ActionFinding = { _ in .unknownYet }
        /// Where the files of another repository's action lie, at the commit that the plan was made with.
        package var actionFolder: (ActionReference, _ commit: String?) -> String? = { _, _ in nil }
        /// Where the run's services are, for what asks for them; `nil`: nowhere.
        package var services: ((StepAttempt, ServiceUser) throws(DiagnosticError) -> ServiceVariables)?
        /// Whether scripts get them too, not actions alone.
        package var givesScriptsServices = false
        package var sealingKey: SymmetricKey
        /// Of this boot, for the receipts.
        package var bootID: String
        /// Of every step's process.
        package var limits: [SpawnRequest.ResourceLimit] = []
        /// What all processes of the job are put into.
        package var cgroup: ProcessCgroup?
        /// Keeps the workspace as it is, and says under which name; called on a thread that may block. `nil`: not wanted.
        package var snapshot: (@Sendable () throws(DiagnosticError) -> String?)?
        /// Makes the workspace what it was before the step that the job goes on with; called as ``snapshot`` is.
        package var restoreWorkspace: (@Sendable () throws(DiagnosticError) -> Void)?
        /// Somebody wants to look at steps that failed: called with one, and with what to call when that is done.
        package var pause: ((PausedStep, @escaping (PauseAnswer) -> Void) -> Void)?
        /// Called before each step that is to run; it runs when the step's `proceed` is called.
        package var stopBefore: ((StoppedStep) -> Void)?
        /// What steps are enclosed in; `nil`: they run as the user does.
        package var sandbox: StepSandbox?
        /// Where actions of other repositories lie.
        package var actionsFolder: String?
        /// Shows debug lines and echoes commands: what `ACTIONS_STEP_DEBUG` does on GitHub.
        package var isDebug = false
        /// Problem matchers that hold from the first step on.
        package var matchers: [ProblemMatcher] = []
        /// Where an engine can be had; `nil`: nowhere.
        package var containers: JobContainers?
        /// Of the container that all of the job is in: how many of its processes were ended for want of memory. `nil`: it is in none.
        package var memoryKills: (() -> Int)?

        package init(
            identity: Identity, steps: PlannedSteps, contexts: DataObject, folders: Folders, sealing: Sealing
        ) {
            self.identity = identity
            self.steps = steps
            self.contexts = contexts
            self.folders = folders
            sealingKey = sealing.key
            bootID = sealing.bootID
            hostEnvironment = []
        }
    }

    /// What ties a job's records to this store and this boot.
    package struct Sealing {
        package var key: SymmetricKey
        package var bootID: String

        package init(key: SymmetricKey, bootID: String) {
            self.key = key
            self.bootID = bootID
        }
    }

    /// Which job of which run it is.
    package struct Identity: Hashable, Sendable {
        package var run: RunID
        /// Of the run, from 1.
        package var attempt: Int
        package var job: JobID
        /// Tells the runs of several stores on one machine apart: every store counts its runs from 1.
        package var store: String

        package init(run: RunID, attempt: Int = 1, job: JobID, store: String) {
            self.run = run
            self.attempt = attempt
            self.job = job
            self.store = store
        }

        /// What the record's frames are bound to: a store that was moved can still be read.
        package var text: String { "\(run)/\(attempt)/\(job)" }
        /// What the job's processes carry in `MARTLET_RUN`: a sweep must find these processes, and no others.
        package var marker: String { "\(store):\(text)" }
    }

    /// Absolute paths, without a slash at the end.
    package struct Folders: Hashable, Sendable {
        /// `GITHUB_WORKSPACE`.
        package var workspace: String
        /// `RUNNER_TEMP`.
        package var temporary: String
        /// The executor's own files: scripts, command files. Best in memory.
        package var scratch: String
        /// `RUNNER_TOOL_CACHE`.
        package var toolCache: String
        /// Outlives a crash: the sealed record.
        package var durable: String
        /// The receipts of the supervisor.
        package var receipts: String

        package init(workspace: String, temporary: String, scratch: String, toolCache: String, durable: String) {
            self.workspace = workspace
            self.temporary = temporary
            self.scratch = scratch
            self.toolCache = toolCache
            self.durable = durable
            receipts = durable + "/receipts"
        }
    }

    /// The `runner` context.
    package struct RunnerFacts: Hashable, Sendable {
        package var name = "martlet"
        /// `Linux`, `macOS`, `Windows`.
        package var system = RunnerFacts.thisSystem
        /// `X64`, `ARM64`, `X86`, `ARM`.
        package var architecture = RunnerFacts.thisArchitecture
        package var environment = "self-hosted"

        package init() {}

        #if os(macOS)
            private static let thisSystem = "macOS"
        #else
            private static let thisSystem = "Linux"
        #endif
        #if arch(x86_64)
            private static let thisArchitecture = "X64"
        #elseif arch(arm64)
            private static let thisArchitecture = "ARM64"
        #elseif arch(i386)
            private static let thisArchitecture = "X86"
        #else
            private static let thisArchitecture = "ARM"
        #endif
    }

    /// What the job tells its coordinator. All on the loop's thread; a callback may call the job again.
    package struct Callbacks {
        /// The steps may be started; or they cannot be, and why.
        package var prepared: (DiagnosticError?) -> Void
        package var report: (StepAttempt, StepReport) -> Void
        /// A step in flight wants one to run after the last, known under this id.
        package var postStep: (StepAttempt, String) -> Void
        package var openLog: (StepHeading) -> StepLog
        package var finished: (Ending) -> Void
        /// Something to be told of the job itself; redacted.
        package var annotate: (Annotation) -> Void

        package init(
            prepared: @escaping (DiagnosticError?) -> Void,
            report: @escaping (StepAttempt, StepReport) -> Void,
            postStep: @escaping (StepAttempt, String) -> Void = { _, _ in },
            annotate: @escaping (Annotation) -> Void = { _ in },
            openLog: @escaping (StepHeading) -> StepLog,
            finished: @escaping (Ending) -> Void
        ) {
            self.prepared = prepared
            self.report = report
            self.postStep = postStep
            self.annotate = annotate
            self.openLog = openLog
            self.finished = finished
        }
    }

    /// What is left when all steps are over.
    package struct Ending: Sendable {
        /// The job's outputs that are not empty and hold no secret.
        package var outputs = DataObject()
        /// Why outputs were left out, and what could not be evaluated; redacted.
        package var annotations: [Annotation] = []
        /// The job's outputs could not be evaluated: the job fails.
        package var isFailed = false
        /// Processes that outlived their steps and were killed; as many as the supervisor names.
        package var killed: [FoundProcess] = []
        package var killedCount = 0
        /// Of the sealed record's frame that holds the outputs; `nil` where there are none.
        package var recordDigest: String?

        package init() {}
    }
}

/// What in a step talks to the run's services: each kind is told other variables.
package enum ServiceUser: Hashable, Sendable {
    case nodeAction
    case dockerAction
    case script
}

package struct ServiceVariables: Sendable {
    package var variables: [FileCommandPairs.Pair]
    /// What of them must be masked.
    package var secrets: [String]

    package init(_ variables: [FileCommandPairs.Pair], secrets: [String]) {
        self.variables = variables
        self.secrets = secrets
    }
}

/// What is known of a step attempt after a crash.
package enum AttemptEvidence: Hashable, Sendable {
    /// It never ran.
    case notStarted
    /// What was, or would have been, reported of it.
    case reported(StepReport)
    /// It was started, and nobody knows how it ended.
    case interrupted(Reason)
}
