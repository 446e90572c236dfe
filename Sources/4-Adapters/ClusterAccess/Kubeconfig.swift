// SPDX-License-Identifier: Apache-2.0

internal import Credentials
package import Diagnostics
internal import FileAccess
internal import StructuredData
internal import YAMLReading

/// kubectl's own file: clusters, users, and contexts that name one of each.
package struct Kubeconfig: Sendable {
    private let path: String
    private let data: DataValue
    private static let limitBytes = 4 << 20

    /// The file that kubectl would read: `KUBECONFIG`, else `~/.kube/config`; `nil`: neither is there.
    package static func usualPath(_ environment: [String: String]) -> String? {
        if let named = environment["KUBECONFIG"]?.split(separator: ":").first { return String(named) }
        let usual = (environment["HOME"] ?? "/root") + "/.kube/config"
        return Files.isFile(usual) ? usual : nil
    }

    /// - Throws: ``DiagnosticCode/clusterSettings``, and what the reader of YAML finds.
    package init(path: String) throws(DiagnosticError) {
        self.path = path
        guard let text = try Files.readIfPresent(path, limit: Self.limitBytes) else {
            throw DiagnosticError(
                .clusterSettings, "The kubeconfig '\(path)' is not there.",
                remedy: "Name another one with --kubeconfig or KUBECONFIG.")
        }
        do throws(DiagnosticError) {
            guard let root = try YAMLReader.read(text).root else {
                throw DiagnosticError(.clusterSettings, "The kubeconfig '\(path)' is empty.")
            }
            data = DataValue(yaml: root)
        } catch {
            var diagnostic = error.diagnostic
            diagnostic.file = diagnostic.file ?? path
            throw DiagnosticError(diagnostic)
        }
    }

    /// - Parameter context: `nil`: the current one.
    /// - Throws: ``DiagnosticCode/clusterSettings``.
    package func configuration(context name: String? = nil) throws(DiagnosticError) -> ClusterConfiguration {
        guard let name = name ?? text(data["current-context"]) else {
            throw fault("has no current-context", "Name a context with --context.")
        }
        let context = try entry("contexts", name, "context")
        guard let clusterName = text(context["cluster"]) else {
            throw fault("names no cluster in its context '\(name)'", "Correct the context.")
        }
        let cluster = try entry("clusters", clusterName, "cluster")
        guard let server = text(cluster["server"]), server.hasPrefix("http://") || server.hasPrefix("https://") else {
            throw fault("has no server with http:// or https:// for the cluster '\(clusterName)'", "Correct it.")
        }
        var configuration = ClusterConfiguration(server: server)
        configuration.namespace = text(context["namespace"]) ?? "default"
        configuration.identity.verifies = !cluster.bool("insecure-skip-tls-verify")
        if text(cluster["tls-server-name"]) != nil {
            throw fault(
                "asks for tls-server-name, which is not supported",
                "Use an address that the cluster's certificate is for.")
        }
        configuration.identity.authorities = try bytes(cluster, "certificate-authority")
        if let userName = text(context["user"]) {
            try fill(&configuration, from: try entry("users", userName, "user"), userName)
        }
        return configuration
    }

    private func fill(
        _ configuration: inout ClusterConfiguration, from user: DataValue, _ name: String
    ) throws(DiagnosticError) {
        configuration.identity.certificate = try bytes(user, "client-certificate")
        configuration.identity.key = try bytes(user, "client-key")
        guard (configuration.identity.certificate == nil) == (configuration.identity.key == nil) else {
            throw fault("has only one of certificate and key for the user '\(name)'", "Give both.")
        }
        // In kubectl's order: a file of a token counts before the token itself.
        if let file = text(user["tokenFile"]) {
            configuration.credential = .tokenFile(absolute(file))
        } else if let token = text(user["token"]) {
            configuration.credential = .token(token)
        } else if let login = text(user["username"]) {
            configuration.credential = .password(user: login, password: text(user["password"]) ?? "")
        } else if let exec = user["exec"], exec != .null {
            configuration.credential = .program(try program(exec, name))
        } else if let provider = text(user["auth-provider"]?["name"]) {
            throw fault(
                "has the auth-provider '\(provider)' for the user '\(name)', which Kubernetes has no longer",
                "Use a token or an exec plugin.")
        }
        configuration.impersonation.user = text(user["as"])
        configuration.impersonation.uid = text(user["as-uid"])
        configuration.impersonation.groups = user.strings("as-groups")
    }

    private func program(_ exec: DataValue, _ user: String) throws(DiagnosticError) -> CredentialProgram {
        guard let command = text(exec["command"]) else {
            throw fault("has an exec plugin without a command for the user '\(user)'", "Name the program.")
        }
        let version = text(exec["apiVersion"]) ?? ""
        guard CredentialProgram.versions.contains(version) else {
            throw fault(
                "has an exec plugin of the version '\(version)' for the user '\(user)'",
                "Versions that are spoken: \(CredentialProgram.versions.joined(separator: ", ")).")
        }
        // As kubectl has it: what has a slash is relative to the file.
        var program = CredentialProgram(
            command: command.contains("/") ? absolute(command) : command, version: version)
        program.arguments = exec.strings("args")
        for variable in exec["env"]?.array ?? [] {
            if let name = text(variable["name"]) { program.environment[name] = text(variable["value"]) ?? "" }
        }
        program.hint = text(exec["installHint"])
        return program
    }

    // MARK: reading

    private func entry(_ list: String, _ name: String, _ key: String) throws(DiagnosticError) -> DataValue {
        guard let found = data[list]?.array?.first(where: { text($0["name"]) == name })?[key] else {
            let known = (data[list]?.array ?? []).compactMap { text($0["name"]) }
            let near = NearestName.find(name, among: known).map { "Did you mean '\($0)'?" }
            throw fault("has no \(key) '\(name)'", near ?? "It has: \(known.joined(separator: ", ")).")
        }
        return found
    }

    /// `KEY-data` in base64, or the file that `KEY` names.
    private func bytes(_ value: DataValue, _ key: String) throws(DiagnosticError) -> [UInt8]? {
        if let encoded = text(value[key + "-data"]) {
            guard let bytes = Base64Text.bytes(encoded.filter { !$0.isWhitespace }, .standard) else {
                throw fault("has '\(key)-data' that is not base64", "Correct it.")
            }
            return bytes
        }
        guard let file = text(value[key]) else { return nil }
        guard let bytes = try Files.readIfPresent(absolute(file), limit: Self.limitBytes) else {
            throw fault("names the file '\(file)' as '\(key)', which is not there", "Correct the path.")
        }
        return bytes
    }

    private func text(_ value: DataValue?) -> String? {
        guard let value, value != .null else { return nil }
        let text = value.coercedText
        return text.isEmpty ? nil : text
    }

    private func absolute(_ file: String) -> String {
        file.hasPrefix("/") ? file : "\(Files.directory(of: path))/\(file)"
    }

    private func fault(_ what: String, _ remedy: String) -> DiagnosticError {
        DiagnosticError(.clusterSettings, "The kubeconfig '\(path)' \(what).", remedy: remedy)
    }
}
