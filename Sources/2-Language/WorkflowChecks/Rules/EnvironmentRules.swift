// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

extension Rule {
    /// Names of environment variables that no shell can read.
    static let environmentNames = Rule("environment names") { workflow, findings in
        checkNames(workflow.outline.root["env"], &findings)
        for job in workflow.outline.jobs {
            checkNames(job.node["env"], &findings)
            checkNames(job.node["container"]?["env"], &findings)
            for service in job.node["services"]?.entries ?? [] { checkNames(service.value["env"], &findings) }
            for step in job.allSteps { checkNames(step.node["env"], &findings) }
        }
    }

    private static func checkNames(_ env: YAMLNode?, _ findings: inout Findings) {
        for entry in env?.entries ?? [] {
            guard let name = entry.key.text, !entry.key.hasExpression,
                name.utf8.contains(where: { $0 == 0x20 || $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "&") })
            else { continue }
            findings.warn(
                .environmentName, "'\(Wording.excerpt(name))' cannot be the name of an environment variable.",
                at: entry.key.position, remedy: "Leave out spaces, '=' and '&'.")
        }
    }

    /// Registry passwords that stand in the file.
    static let credentials = Rule("credentials") { workflow, findings in
        for job in workflow.outline.jobs {
            checkPassword(job.node["container"], "the container", &findings)
            for service in job.node["services"]?.entries ?? [] {
                checkPassword(service.value, "the service '\(service.key.text ?? "")'", &findings)
            }
        }
    }

    private static func checkPassword(_ container: YAMLNode?, _ owner: String, _ findings: inout Findings) {
        guard let password = container?["credentials"]?["password"], let text = password.text, !text.isEmpty,
            !EmbeddedExpressions.isWholeExpression(text)
        else { return }
        findings.warn(
            .hardCodedCredentials, "The registry password of \(owner) stands in the file, for everyone to read.",
            at: password.position, remedy: "Keep it as a secret: '${{ secrets.NAME }}'; and change the password.")
    }
}
