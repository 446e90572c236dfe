// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// What to do about a finding, where the place that reports it knows nothing better.
enum WorkflowRemedies {
    static func remedy(for diagnostic: Diagnostic) -> String? {
        remedies[diagnostic.code] ?? ExpressionRemedies.remedy(for: diagnostic.message)
    }

    private static let remedies: [DiagnosticCode: String] = [
        .unexpectedValue: "Correct it.",
        .requiredKeyMissing: "Add the key.",
        .keyDefinedTwice: "Remove or rename one of them.",
        .expressionNotAllowed: "Write the value itself.",
        .unexpectedMapping: "Check the indentation; put text that begins with `{` in quotes.",
        .unexpectedSequence: "Check the indentation; put text that begins with `[` in quotes.",
        .ambiguousMapping: "Add one of the keys that the message lists.",
        .tagInvalid: "Remove the tag, or correct the value.",
        .fileTooLong: "Move scripts into files of their own, and jobs into reusable workflows.",
        .fileTooDeep:
            "Make the structure flatter; a JSON text that is read with `fromJSON` may take the place of a deep one.",
        .workflowTooLarge: "Split the workflow; `workflow_run` or `workflow_dispatch` can join the parts.",
        .anchorsNotAllowed: "Remove the anchor and write the value where it is used.",
        .fileEmpty: "Write at least `on` and `jobs`, or remove the file.",
        .identifierInvalid: "Use letters, digits, `-` and `_`, and begin with a letter or `_`.",
        .identifierReserved: "Choose another id.",
        .identifierTaken: "Rename one of them, and the expressions that mean it.",
        .neededJobUnknown: "Correct the name, or remove it from `needs`.",
        .neededJobsCycle: "Remove one of the needs.",
        .noFirstJob: "Let at least one job have no `needs`.",
        .actionReferenceInvalid: "Write `owner/repo@ref`, `owner/repo/path@ref`, `./path` or `docker://image`.",
        .containerImageEmpty: "Give it an `image`.",
        .matrixEmpty: "Give the vector a value, or remove it.",
        .runnerGroupInvalid: "Write the name of the group, or `organization/name` or `enterprise/name`.",
        .concurrencyGroupTooLong: "Shorten it; a hash of the long part will do.",
        .snapshotVersionInvalid: "Write for example `2.*`.",
        .cronInvalid: "Write minute, hour, day of month, month and day of week, as in `30 5 * * 1-5`.",
        .dispatchInputInvalid: "Correct `type`, `options` or `default`.",
        .callInputMissing: "Pass it in `with`, or let the called workflow have a `default`.",
        .callInputUndefined: "Correct the name in `with`, or declare the input under `on.workflow_call.inputs`.",
        .callSecretMissing: "Pass it in `secrets`, or write `secrets: inherit`.",
        .callSecretUndefined: "Correct the name in `secrets`, or declare it under `on.workflow_call.secrets`.",
        .workflowNotCallable: "Add `workflow_call` to its `on`.",
        .calledWorkflowMissing: "Correct the reference, or tell Martlet where the repository is.",
        .callTooDeep: "Call fewer levels; jobs may be called from the first workflow instead.",
        .tooManyCalledFiles: "Put some of them together.",
        .callPermissionExceeded: "Give the calling job the permission, or ask for less in the called file.",
        .tooManyJobs: "Split the workflow.",
        .backgroundStepMisused: "Move the step out of the block, or remove the key.",
        .stepReferenceInvalid: "Name the id of an earlier step that has `background: true`.",
        .keyIgnored: "Remove the key, or correct its name.",
        .activityTypeUnknown: "Correct the word, or remove it.",
        .calledWorkflowFaulty: "Correct the called file.",
        .tooManyGeneratedIdentifiers: "Give the steps ids, or make them fewer.",
        .matrixKeyUnknown: "Correct the key, or remove the entry.",
        .callReferenceInvalid:
            "Write `./.github/workflows/FILE.yml`, or `owner/repository/.github/workflows/FILE.yml@ref`.",
        .actionKindUnknown:
            "Write `composite` with `steps`, `docker` with `image`, or `node20` and the like with `main`.",
    ]
}
