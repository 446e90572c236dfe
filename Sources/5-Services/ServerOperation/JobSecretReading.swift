// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import RunCoordination
internal import SecretRedaction
internal import SecretVault

/// What a job may know: secrets of the server, its project and its environment, the narrowest first.
struct JobSecretReading: Sendable {
    private let vault: Vault
    private let variables: Vault

    init(_ vaults: ServerVaults) {
        vault = vaults.secrets
        variables = vaults.variables
    }

    func secrets(of record: RunRecord, _ environment: String?) throws(DiagnosticError) -> JobSecrets {
        var found = JobSecrets()
        guard record.givesSecrets, let project = record.project else { return found }
        let opened = try vault.secrets(project: project, environment: environment)
        found.secrets = opened.sorted { $0.key < $1.key }.map { Secret(name: $0.key, value: $0.value.value) }
        found.token = opened["GITHUB_TOKEN"]?.value ?? ""
        if let environment {
            let known = try variables.secrets(project: project, environment: environment)
            // Those of wider places are the run's already, as they were when it was planned.
            found.variables = known.filter { if case .environment = $0.value.place { true } else { false } }
                .mapValues(\.value)
        }
        found.isDebug = opened["ACTIONS_STEP_DEBUG"]?.value == "true"
        return found
    }
}
