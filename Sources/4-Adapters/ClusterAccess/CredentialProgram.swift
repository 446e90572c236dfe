// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import ProcessControl
internal import StructuredData
internal import Timekeeping

/// A program that gives credentials for a cluster when it is asked: an exec plugin.
package struct CredentialProgram: Hashable, Sendable {
    package var command: String
    package var arguments: [String] = []
    package var environment: [String: String] = [:]
    package var version: String
    /// What to do where the program is not there.
    package var hint: String?

    static let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
    private static let patience = Duration.seconds(60)
    private static let outputBytes = 1 << 20

    package init(command: String, version: String) {
        self.command = command
        self.version = version
    }

    struct Given: Hashable, Sendable {
        var token: String?
        var certificate: [UInt8]?
        var key: [UInt8]?
        /// Milliseconds since the epoch; `nil`: it is not said.
        var endsAt: Int64?
    }

    /// Asks it. Blocks.
    ///
    /// - Throws: ``DiagnosticCode/clusterCredential``.
    func ask(_ own: [String: String]) throws(DiagnosticError) -> Given {
        let request: DataValue = [
            "apiVersion": .string(version), "kind": "ExecCredential", "spec": ["interactive": false],
        ]
        var variables = own.merging(environment) { $1 }
        variables["KUBERNETES_EXEC_INFO"] = request.jsonText()
        var helper = HelperCommand(command, arguments)
        helper.environment = variables.map { "\($0.key)=\($0.value)" }
        helper.patience = Self.patience
        helper.outputLimit = Self.outputBytes
        let outcome: HelperCommand.Outcome
        do throws(DiagnosticError) {
            outcome = try helper.run()
        } catch {
            throw fault("could not be run: \(error.diagnostic.message)")
        }
        guard outcome.succeeded else {
            let words = outcome.errorText.split(separator: "\n").suffix(3).joined(separator: " ")
            throw fault("failed" + (words.isEmpty ? "" : ": \(words.prefix(500))"))
        }
        return try read(outcome.text)
    }

    private func read(_ text: String) throws(DiagnosticError) -> Given {
        guard let data = try? DataValue(json: Array(text.utf8)), data["kind"]?.string == "ExecCredential" else {
            throw fault("did not print an ExecCredential")
        }
        guard data["apiVersion"]?.string == version else {
            throw fault("answered in the version '\(data["apiVersion"]?.string ?? "")' and not in '\(version)'")
        }
        let status = data["status"] ?? .null
        var given = Given(token: status["token"]?.string)
        given.certificate = status["clientCertificateData"]?.string.map { Array($0.utf8) }
        given.key = status["clientKeyData"]?.string.map { Array($0.utf8) }
        guard given.token != nil || (given.certificate != nil && given.key != nil) else {
            throw fault("gave neither a token nor a certificate with its key")
        }
        if let end = status["expirationTimestamp"]?.string {
            guard let time = Timestamp(iso8601: end) else { throw fault("gave a time that is none: '\(end)'") }
            given.endsAt = time.milliseconds
        }
        return given
    }

    private func fault(_ what: String) -> DiagnosticError {
        DiagnosticError(
            .clusterCredential, "The program '\(command)', which gives credentials for the cluster, \(what).",
            remedy: hint ?? "Run it by hand, with the arguments of the kubeconfig, and see what it says.")
    }
}
