// SPDX-License-Identifier: Apache-2.0

/// A job's way to its services, from admission to dismissal.
package struct JobAccess: Hashable, Sendable {
    /// A bearer token: it has to be masked.
    package var token: String
    /// `http://127.0.0.1:PORT/`, with the slash.
    package var baseAddress: String
    package var mayRequestIdentity: Bool
    package var maySaveCaches: Bool
    package var orchestrationID: String?
    /// The job's name in the token.
    var backendID: String

    /// What runs in a step: the official runner gives each kind other variables.
    package enum StepKind: Hashable, Sendable {
        case javaScriptAction
        case dockerAction
        case script
    }

    /// The variables that the official runner adds for a step (actions/runner, `NodeScriptActionHandler`,
    /// `ContainerActionHandler`, `ScriptHandler`).
    ///
    /// The runner names the cache's second version to JavaScript only. The toolkit uses that one, and artifacts of the
    /// fourth version, only where the host of `GITHUB_SERVER_URL` is github.com, or ends in `.ghe.com` or `.localhost`.
    ///
    /// - Parameter host: how a container reaches this machine, where it is not the loopback address.
    package func environment(for kind: StepKind, reachedAs host: String? = nil) -> [(name: String, value: String)] {
        let base = address(reachedAs: host)
        var variables: [(name: String, value: String)] = []
        if kind != .script {
            variables += [
                ("ACTIONS_RUNTIME_URL", base), ("ACTIONS_RUNTIME_TOKEN", token), ("ACTIONS_CACHE_URL", base),
            ]
        }
        if mayRequestIdentity {
            // The toolkit adds "&audience=…": the address has to have a query.
            variables += [
                ("ACTIONS_ID_TOKEN_REQUEST_URL", base + "idtoken?api-version=2.0"),
                ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", token),
            ]
        }
        if kind != .script { variables.append(("ACTIONS_RESULTS_URL", base)) }
        if kind == .javaScriptAction { variables.append(("ACTIONS_CACHE_SERVICE_V2", "True")) }
        if kind != .script, !maySaveCaches { variables.append(("ACTIONS_CACHE_MODE", "read")) }
        if let orchestrationID { variables.append(("ACTIONS_ORCHESTRATION_ID", orchestrationID)) }
        return variables
    }

    private func address(reachedAs host: String?) -> String {
        guard let host, let colon = baseAddress.lastIndex(of: ":") else { return baseAddress }
        return "http://\(host)\(baseAddress[colon...])"
    }
}
