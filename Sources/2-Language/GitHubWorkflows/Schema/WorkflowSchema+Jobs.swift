// SPDX-License-Identifier: Apache-2.0

extension WorkflowSchema {
    mutating func defineJobs() {
        dictionary("jobs", of: "job", key: "job-id")
        nonEmptyString("job-id")
        oneOf("job", ["job-factory", "workflow-job"])
        mapping(
            "job-factory",
            [
                .optional("needs", "needs", "The jobs that must be done before."),
                .optional("if", "job-if", "Whether the job runs."),
                .optional("strategy", "strategy", "The matrix, and how its jobs run."),
                .optional("name", "string-strategy-context", "The name shown for the job."),
                .required("runs-on", "runs-on", "The labels of the runner."),
                .optional("timeout-minutes", "number-strategy-context", "360 by default."),
                .optional("cancel-timeout-minutes", "number-strategy-context", "How long a cancelled job may take; 5."),
                .optional("continue-on-error", "boolean-strategy-context", "Whether the run goes on if the job fails."),
                .optional("container", "container", "The container of the steps."),
                .optional("services", "services", "Containers beside the job, by host name."),
                .optional("env", "job-env", "Variables for all steps of the job."),
                .optional("environment", "job-environment", "The deployment environment."),
                .optional("permissions", "permissions", "What the token of the job may do."),
                .optional("concurrency", "job-concurrency", "Which jobs may not overlap."),
                .optional("cache-mode", "cache-mode", "What the job may do with caches."),
                .optional("outputs", "job-outputs", "Values for the jobs that need this one."),
                .optional("defaults", "job-defaults", "Settings for the run steps of the job."),
                .optional("steps", "steps", "What the job does, in order."),
                .optional("snapshot", "snapshot", "The image to make of the runner at the end."),
            ], .none, "A job of steps.")
        mapping(
            "workflow-job",
            [
                .optional("name", "string-strategy-context", "The name shown for the job."),
                .required("uses", "non-empty-string", "The reusable workflow."),
                .optional("with", "workflow-job-with", "Its inputs."),
                .optional("secrets", "workflow-job-secrets", "Its secrets, or 'inherit'."),
                .optional("needs", "needs", "The jobs that must be done before."),
                .optional("if", "job-if", "Whether the workflow is called."),
                .optional("permissions", "permissions", "The most that the called jobs may have."),
                .optional("concurrency", "job-concurrency", "Which jobs may not overlap."),
                .optional("cache-mode", "cache-mode", "What the called jobs may do with caches."),
                .optional("strategy", "strategy", "The matrix, and how its jobs run."),
            ], .none, "A job that calls a reusable workflow.")
        dictionary("workflow-job-with", of: "scalar-needs-context")
        oneOf("workflow-job-secrets", ["workflow-job-secrets-mapping", "workflow-job-secrets-inherit"])
        dictionary("workflow-job-secrets-mapping", of: "scalar-needs-context-with-secrets")
        choice("workflow-job-secrets-inherit", ["inherit"])
        oneOf("scalar-needs-context", ["string", "boolean", "number"], .strategy)
        oneOf("scalar-needs-context-with-secrets", ["string", "boolean", "number"], .strategyWithSecrets)
        oneOf("needs", ["sequence-of-non-empty-string", "non-empty-string"])
        condition("job-if", .jobCondition, "Whether the job runs; success() unless a status function is called.")
        define("boolean-needs-context", .boolean, .needs)
        define("number-needs-context", .number, .needs)
        string("string-needs-context", .needs)
        define("boolean-strategy-context", .boolean, .strategy)
        define("number-strategy-context", .number, .strategy)
        string("string-strategy-context", .strategy)
    }

    mutating func defineJobParts() {
        mapping(
            "strategy",
            [
                .optional("fail-fast", "boolean", "Whether one failure cancels the rest of the matrix."),
                .optional("max-parallel", "number", "How many run at once."),
                .optional("matrix", "matrix", "The vectors whose product makes the jobs."),
            ], .needs)
        define(
            "matrix",
            .mapping(
                SchemaMapping(
                    properties: [.optional("include", "matrix-filter"), .optional("exclude", "matrix-filter")],
                    looseKey: "non-empty-string", looseValue: "sequence")))
        sequence("matrix-filter", of: "matrix-filter-item")
        dictionary("matrix-filter-item", of: "any")
        oneOf("runs-on", ["non-empty-string", "sequence-of-non-empty-string", "runs-on-mapping"], .strategy)
        mapping(
            "runs-on-mapping", [.optional("group", "non-empty-string"), .optional("labels", "runs-on-labels")])
        oneOf("runs-on-labels", ["non-empty-string", "sequence-of-non-empty-string"])
        dictionary("job-env", of: "string", .strategyWithSecrets)
        oneOf("job-concurrency", ["non-empty-string", "concurrency-mapping"], .strategy)
        oneOf("job-environment", ["string", "job-environment-mapping"], .strategy)
        mapping(
            "job-environment-mapping",
            [
                .required("name", "job-environment-name"),
                .optional("url", "string-runner-context-no-secrets", "Where the deployment is to be seen."),
                .optional("deployment", "boolean", "Whether a deployment is recorded; true by default."),
            ])
        string("job-environment-name", .strategy)
        mapping("job-defaults", [.optional("run", "job-defaults-run")])
        mapping(
            "job-defaults-run",
            [.optional("shell", "shell"), .optional("working-directory", "working-directory")], .jobDefaults)
        dictionary("job-outputs", of: "string-runner-context")
        string("string-runner-context", .runner)
        string("string-runner-context-no-secrets", .runnerWithoutSecrets)
        oneOf("snapshot", ["snapshot-image-name", "snapshot-mapping"], .strategy)
        mapping(
            "snapshot-mapping",
            [
                .required("image-name", "snapshot-image-name"),
                .optional("if", "snapshot-if"),
                .optional("version", "non-empty-string", "The major version, as in '2.*'; '1.*' by default."),
            ])
        nonEmptyString("snapshot-image-name")
        condition("snapshot-if", .stepCondition, "Whether the image is made.")
    }

    mutating func defineContainers() {
        let properties: [SchemaProperty] = [
            .optional("image", "non-empty-string"),
            .optional("options", "string", "Further options of docker create."),
            .optional("env", "container-env"),
            .optional("ports", "sequence-of-non-empty-string"),
            .optional("volumes", "sequence-of-non-empty-string"),
            .optional("credentials", "container-registry-credentials"),
        ]
        oneOf("container", ["string", "container-mapping"], .strategy)
        mapping("container-mapping", properties)
        dictionary("services", of: "services-container", .strategy)
        oneOf("services-container", ["non-empty-string", "service-container-mapping"], .strategy)
        mapping(
            "service-container-mapping",
            properties + [.optional("entrypoint", "string"), .optional("command", "string")])
        mapping(
            "container-registry-credentials",
            [.optional("username", "non-empty-string"), .optional("password", "non-empty-string")], .credentials)
        dictionary("container-env", of: "string-runner-context")
    }
}
