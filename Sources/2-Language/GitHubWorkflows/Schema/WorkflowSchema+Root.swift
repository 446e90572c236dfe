// SPDX-License-Identifier: Apache-2.0

extension WorkflowSchema {
    mutating func defineWorkflowRoot() {
        mapping(
            Self.workflowRoot,
            [
                .required("on", "on", "The events that start the workflow."),
                .optional("name", "workflow-name", "The name shown for the workflow; the file's path by default."),
                .optional("description", "workflow-description", "What the workflow is for."),
                .optional("run-name", "run-name", "The name of one run, an expression as a rule."),
                .optional("defaults", "workflow-defaults", "Settings for all run steps."),
                .optional("env", "workflow-env", "Variables for all steps of all jobs."),
                .optional("permissions", "permissions", "What the token of each job may do."),
                .optional("concurrency", "workflow-concurrency", "Which runs may not overlap."),
                .optional("cache-mode", "cache-mode", "What the jobs may do with caches."),
                .required("jobs", "jobs", "The jobs, by id."),
            ])
        string("workflow-name")
        string("workflow-description")
        string("run-name", .run)
        mapping("workflow-defaults", [.optional("run", "workflow-defaults-run")])
        mapping(
            "workflow-defaults-run",
            [.optional("shell", "shell"), .optional("working-directory", "working-directory")])
        dictionary("workflow-env", of: "string", .runWithSecrets)
        oneOf("workflow-concurrency", ["string", "concurrency-mapping"], .run)
        mapping(
            "concurrency-mapping",
            [
                .required("group", "non-empty-string", "Runs of one group do not overlap."),
                .optional("cancel-in-progress", "boolean", "Whether a new run cancels the one in progress."),
                .optional("queue", "concurrency-queue", "How many may wait: the newest only, or all."),
            ])
        choice("concurrency-queue", ["single", "max"])
        choice("cache-mode", ["read", "write", "write-only", "none"])
    }

    mutating func defineDispatchInputs() {
        oneOf("workflow-dispatch", ["null", "workflow-dispatch-mapping"])
        // Without inputs there is nothing to configure and a stray key does no harm; beside them it is a slip.
        define(
            "workflow-dispatch-mapping",
            .mapping(
                SchemaMapping(
                    properties: [
                        .optional("inputs", "workflow-dispatch-inputs", "What the person who starts the run is asked.")
                    ], isOpen: true, strictBeside: "inputs")))
        oneOf("workflow-dispatch-inputs", ["null", "workflow-dispatch-inputs-mapping"])
        dictionary(
            "workflow-dispatch-inputs-mapping", of: "workflow-dispatch-input", key: "workflow-dispatch-input-name")
        nonEmptyString("workflow-dispatch-input-name")
        oneOf("workflow-dispatch-input", ["null", "workflow-dispatch-input-mapping"])
        mapping(
            "workflow-dispatch-input-mapping",
            [
                .optional("description", "string", "The question."),
                .optional("deprecationMessage", "string", "Why not to use the input any more."),
                .optional("type", "workflow-dispatch-input-type", "string by default."),
                .optional("required", "boolean"),
                .optional("default", "workflow-dispatch-input-default"),
                .optional("options", "sequence-of-string", "The answers of a choice."),
            ])
        choice("workflow-dispatch-input-type", ["string", "boolean", "number", "environment", "choice"])
        oneOf("workflow-dispatch-input-default", ["string", "boolean", "number"])
    }

    mutating func defineCallInterface() {
        oneOf("workflow-call", ["null", "workflow-call-mapping"])
        mapping(
            "workflow-call-mapping",
            [
                .optional("inputs", "workflow-call-inputs", "What the caller passes in `with`."),
                .optional("secrets", "workflow-call-secrets", "The secrets the caller passes."),
                .optional("outputs", "workflow-call-outputs", "What the caller reads from `needs`."),
            ])
        oneOf("workflow-call-inputs", ["null", "workflow-call-inputs-mapping"])
        dictionary("workflow-call-inputs-mapping", of: "workflow-call-input-definition")
        mapping(
            "workflow-call-input-definition",
            [
                .optional("description", "string"),
                .required("type", "workflow-call-input-type"),
                .optional("required", "boolean"),
                .optional("default", "workflow-call-input-default"),
            ])
        choice("workflow-call-input-type", ["string", "boolean", "number"])
        oneOf("workflow-call-input-default", ["string", "boolean", "number"], .run)
        oneOf("workflow-call-secrets", ["null", "workflow-call-secrets-mapping"])
        dictionary(
            "workflow-call-secrets-mapping", of: "workflow-call-secret-definition", key: "workflow-call-secret-name")
        nonEmptyString("workflow-call-secret-name")
        oneOf("workflow-call-secret-definition", ["null", "workflow-call-secret-mapping-definition"])
        mapping(
            "workflow-call-secret-mapping-definition",
            [.optional("description", "string"), .optional("required", "boolean")])
        oneOf("workflow-call-outputs", ["null", "workflow-call-outputs-mapping"])
        dictionary(
            "workflow-call-outputs-mapping", of: "workflow-call-output-definition", key: "workflow-call-output-name")
        nonEmptyString("workflow-call-output-name")
        mapping(
            "workflow-call-output-definition",
            [.optional("description", "string"), .required("value", "workflow-output-context")])
        string("workflow-output-context", .callOutputs)
    }

    mutating func definePermissions() {
        oneOf("permissions", ["permissions-mapping", "permissions-shorthand"])
        choice("permissions-shorthand", ["read-all", "write-all"])
        mapping(
            "permissions-mapping",
            PermissionScope.allCases.map { .optional($0.rawValue, $0.levelDefinition) })
        choice("permission-level-any", ["read", "write", "none"])
        choice("permission-level-read-or-no-access", ["read", "none"])
        choice("permission-level-write-or-no-access", ["write", "none"])
    }
}
