// SPDX-License-Identifier: Apache-2.0

/// A key whose value may hold expressions, with the contexts and status functions that exist there.
///
/// Source: GitHub's page "Contexts reference", table "Context availability".
struct Place: Sendable, Equatable {
    /// As GitHub writes it: `jobs.<job_id>.steps.if`.
    let key: String
    /// Empty: none at all.
    let contexts: [String]
    /// Lower case; only functions that are not available everywhere.
    let functions: [String]

    init(_ key: String, _ contexts: String, functions: String = "") {
        self.key = key
        self.contexts = contexts.split(separator: " ").map(String.init)
        self.functions = functions.split(separator: " ").map(String.init)
    }

    static func == (left: Place, right: Place) -> Bool { left.key == right.key }

    /// Functions that exist only at some keys.
    static let specialFunctions: Set<String> = ["always", "cancelled", "failure", "success", "hashfiles"]

    static let runName = Place("run-name", "github inputs vars")
    static let concurrency = Place("concurrency", "github inputs vars")
    static let workflowEnv = Place("env", "github secrets inputs vars")
    static let callInputDefault = Place("on.workflow_call.inputs.<inputs_id>.default", "github inputs vars")
    static let callOutput = Place("on.workflow_call.outputs.<output_id>.value", "github jobs vars inputs")

    private static let planning = "github needs strategy matrix vars inputs"
    private static let running = planning + " secrets steps job runner env"

    static let jobConcurrency = Place("jobs.<job_id>.concurrency", planning)
    static let container = Place("jobs.<job_id>.container", planning)
    static let containerImage = Place("jobs.<job_id>.container.image", planning)
    static let containerCredentials = Place("jobs.<job_id>.container.credentials", planning + " env secrets")
    static let containerEnv = Place("jobs.<job_id>.container.env.<env_id>", planning + " job runner env secrets")
    static let jobContinueOnError = Place("jobs.<job_id>.continue-on-error", planning)
    static let defaultsRun = Place("jobs.<job_id>.defaults.run", planning + " env")
    static let jobEnv = Place("jobs.<job_id>.env", planning + " secrets")
    static let environment = Place("jobs.<job_id>.environment", planning)
    static let environmentURL = Place("jobs.<job_id>.environment.url", planning + " job runner env steps")
    static let jobIf = Place(
        "jobs.<job_id>.if", "github needs vars inputs", functions: "always cancelled success failure")
    static let jobName = Place("jobs.<job_id>.name", planning)
    static let jobOutput = Place("jobs.<job_id>.outputs.<output_id>", running)
    static let runsOn = Place("jobs.<job_id>.runs-on", planning)
    static let callSecret = Place("jobs.<job_id>.secrets.<secrets_id>", planning + " secrets")
    static let services = Place("jobs.<job_id>.services", planning)
    static let serviceCredentials = Place(
        "jobs.<job_id>.services.<service_id>.credentials", planning + " env secrets")
    static let serviceEnv = Place(
        "jobs.<job_id>.services.<service_id>.env.<env_id>", planning + " job runner env secrets")
    static let snapshotIf = Place("jobs.<job_id>.snapshot.if", planning)
    static let strategy = Place("jobs.<job_id>.strategy", "github needs vars inputs")
    static let jobTimeout = Place("jobs.<job_id>.timeout-minutes", planning)
    static let callWith = Place("jobs.<job_id>.with.<with_id>", planning)

    static let stepContinueOnError = step("continue-on-error")
    static let stepEnv = step("env")
    static let stepName = step("name")
    static let stepRun = step("run")
    static let stepTimeout = step("timeout-minutes")
    static let stepWith = step("with")
    static let stepWorkingDirectory = step("working-directory")
    static let stepIf = Place(
        "jobs.<job_id>.steps.if", planning + " steps job runner env",
        functions: "always cancelled success failure hashfiles")

    private static func step(_ key: String) -> Place {
        Place("jobs.<job_id>.steps.\(key)", running, functions: "hashfiles")
    }

    /// A key that GitHub evaluates before any context exists, or whose table row is missing.
    static func withoutContexts(_ key: String) -> Place { Place(key, "") }
}
