// SPDX-License-Identifier: Apache-2.0

extension WorkflowSchema {
    mutating func defineSteps() {
        sequence("steps", of: "steps-item")
        oneOf(
            "steps-item", ["run-step", "regular-step", "wait-step", "wait-all-step", "cancel-step", "parallel-step"])
        mapping(
            "run-step",
            [
                .optional("name", "step-name"),
                .optional("id", "step-id", "How other steps refer to this one."),
                .optional("if", "step-if", "Whether the step runs."),
                .optional("timeout-minutes", "step-timeout-minutes"),
                .required("run", "string-steps-context", "The script."),
                .optional("continue-on-error", "step-continue-on-error"),
                .optional("env", "step-env"),
                .optional("working-directory", "string-steps-context"),
                .optional("shell", "shell"),
                .optional("background", "step-background", "Whether the job goes on while the step runs."),
            ], .none, "A step that runs a script.")
        mapping(
            "regular-step",
            [
                .optional("name", "step-name"),
                .optional("id", "step-id", "How other steps refer to this one."),
                .optional("if", "step-if", "Whether the step runs."),
                .optional("continue-on-error", "step-continue-on-error"),
                .optional("timeout-minutes", "step-timeout-minutes"),
                .required("uses", "step-uses", "The action."),
                .optional("with", "step-with", "Its inputs."),
                .optional("env", "step-env"),
                .optional("background", "step-background", "Whether the job goes on while the step runs."),
            ], .none, "A step that runs an action.")
        mapping("wait-step", waiting(.required("wait", "step-wait-target", "The background steps to wait for.")))
        mapping("wait-all-step", waiting(.required("wait-all", "step-wait-all-value", "Wait for all of them.")))
        mapping("cancel-step", waiting(.required("cancel", "step-cancel-target", "The background step to end.")))
        mapping("parallel-step", [.required("parallel", "parallel-steps", "Steps that run side by side.")])
        sequence("parallel-steps", of: "steps-item")
        oneOf("step-wait-target", ["non-empty-string", "sequence-of-non-empty-string"])
        oneOf("step-wait-all-value", ["null", "boolean"])
        nonEmptyString("step-cancel-target")
        nonEmptyString("step-uses")
        nonEmptyString("step-id")
        define("step-background", .boolean)
        define("step-continue-on-error", .boolean, .step)
        condition("step-if", .stepCondition, "Whether the step runs; success() unless a status function is called.")
        dictionary("step-env", of: "string", .step)
        string("step-name", .step)
        define("step-timeout-minutes", .number, .step)
        dictionary("step-with", of: "string", .step)
        string("string-steps-context", .step)
    }

    private func waiting(_ property: SchemaProperty) -> [SchemaProperty] {
        [
            .optional("name", "step-name"), .optional("id", "step-id"),
            .optional("continue-on-error", "step-continue-on-error"), property,
        ]
    }

    mutating func defineActionRoot() {
        define(
            Self.actionRoot,
            .mapping(
                SchemaMapping(
                    properties: [
                        .optional("name", "string"),
                        .optional("author", "string"),
                        .optional("description", "string"),
                        .optional("inputs", "action-inputs"),
                        .optional("outputs", "action-outputs"),
                        .required("runs", "action-runs"),
                        .optional("branding", "any"),
                    ], looseKey: "non-empty-string", looseValue: "any")))
        oneOf("action-inputs", ["null", "action-inputs-mapping"])
        dictionary("action-inputs-mapping", of: "action-input")
        oneOf("action-input", ["null", "action-input-mapping"])
        define(
            "action-input-mapping",
            .mapping(
                SchemaMapping(
                    properties: [
                        .optional("description", "any"),
                        .optional("required", "any"),
                        .optional("default", "action-input-default"),
                        .optional("deprecationMessage", "any"),
                    ], looseKey: "non-empty-string", looseValue: "any")))
        string("action-input-default", .actionInputDefault)
        oneOf("action-outputs", ["null", "action-outputs-mapping"])
        dictionary("action-outputs-mapping", of: "action-output")
        mapping(
            "action-output",
            [.optional("description", "string"), .optional("value", "action-output-value")])
        string("action-output-value", .actionOutput)
    }

    mutating func defineActionRuns() {
        oneOf("action-runs", ["container-runs", "node-runs", "composite-runs"])
        mapping(
            "container-runs",
            [
                .required("using", "non-empty-string"),
                .required("image", "non-empty-string"),
                .optional("entrypoint", "non-empty-string"),
                .optional("args", "container-runs-args"),
                .optional("env", "container-runs-env"),
                .optional("pre-entrypoint", "non-empty-string"),
                .optional("pre-if", "action-hook-if"),
                .optional("post-entrypoint", "non-empty-string"),
                .optional("post-if", "action-hook-if"),
            ], .none, "An action that runs in a container.")
        sequence("container-runs-args", of: "container-runs-context")
        string("container-runs-context", .actionArguments)
        dictionary("container-runs-env", of: "string", .actionArguments)
        mapping(
            "node-runs",
            [
                .required("using", "non-empty-string"),
                .required("main", "non-empty-string"),
                .optional("pre", "non-empty-string"),
                .optional("pre-if", "action-hook-if"),
                .optional("post", "non-empty-string"),
                .optional("post-if", "action-hook-if"),
            ], .none, "An action that runs a JavaScript file.")
        mapping(
            "composite-runs",
            [.required("using", "non-empty-string"), .required("steps", "composite-steps")], .none,
            "An action made of steps.")
        condition("action-hook-if", .actionHookCondition, "Whether the hook runs; always by default.")
    }

    mutating func defineActionSteps() {
        sequence("composite-steps", of: "composite-step")
        oneOf("composite-step", ["composite-run-step", "composite-uses-step"])
        let shared: [SchemaProperty] = [
            .optional("name", "action-string"), .optional("id", "non-empty-string"), .optional("if", "action-step-if"),
            .optional("env", "action-step-env"), .optional("continue-on-error", "action-boolean"),
        ]
        mapping(
            "composite-run-step",
            shared + [
                .required("run", "action-string"), .required("shell", "action-string"),
                .optional("working-directory", "action-string"),
            ])
        mapping(
            "composite-uses-step",
            shared + [.required("uses", "non-empty-string"), .optional("with", "action-step-with")])
        string("action-string", .actionStep)
        define("action-boolean", .boolean, .actionStep)
        dictionary("action-step-env", of: "string", .actionStep)
        dictionary("action-step-with", of: "string", .actionStep)
        condition("action-step-if", .actionStepCondition, "Whether the step runs.")
    }
}
