// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess

/// The unix socket of an engine.
package struct EngineAddress: Hashable, Sendable, CustomStringConvertible {
    /// Absolute.
    package let path: String
    /// Who named it: a variable, or `the usual place`.
    package let origin: String

    package init(path: String, origin: String = "given") {
        self.path = path
        self.origin = origin
    }

    /// As `DOCKER_HOST` has it: `unix:///path`, or an absolute path.
    ///
    /// - Throws: ``DiagnosticCode/engineAddressUnsupported`` for `tcp://`, `ssh://` and others.
    init(text: String, origin: String) throws(DiagnosticError) {
        let path = text.hasPrefix(Self.scheme) ? String(text.dropFirst(Self.scheme.count)) : text
        guard path.hasPrefix("/") else {
            throw DiagnosticError(
                .engineAddressUnsupported, "\(origin) names the engine '\(text)', and only unix sockets are spoken to.",
                remedy: "Set \(origin) to unix:///path/of/the/socket; forward a remote engine's socket with 'ssh -L'.")
        }
        self.init(path: path, origin: origin)
    }

    private static let scheme = "unix://"

    package var description: String { "\(path) (\(origin))" }
}

/// Where engines are looked for.
package struct EngineSearch: Sendable {
    /// In the order in which they are tried.
    package let candidates: [EngineAddress]

    /// `MARTLET_ENGINE`, then `DOCKER_HOST`: where one of them is set, nothing else is tried. Else the usual places.
    ///
    /// - Throws: ``DiagnosticCode/engineAddressUnsupported``.
    package init(environment: [String: String]) throws(DiagnosticError) {
        for name in ["MARTLET_ENGINE", "DOCKER_HOST"] {
            if let text = environment[name], !text.isEmpty {
                candidates = [try EngineAddress(text: text, origin: name)]
                return
            }
        }
        var paths = ["/var/run/docker.sock"]
        if let folder = environment["XDG_RUNTIME_DIR"], folder.hasPrefix("/") {
            paths += ["\(folder)/podman/podman.sock", "\(folder)/docker.sock"]
        }
        if let home = environment["HOME"], home.hasPrefix("/") { paths.append("\(home)/.docker/run/docker.sock") }
        paths.append("/run/podman/podman.sock")
        candidates = paths.map { EngineAddress(path: $0, origin: "a usual place") }
    }

    /// The first engine that answers.
    ///
    /// - Throws: ``DiagnosticCode/engineNotFound``, which says where was looked and what was there.
    package func find(timeouts: EngineTimeouts = EngineTimeouts()) throws(DiagnosticError) -> EngineClient {
        var places: [String] = []
        for address in candidates {
            guard Files.facts(address.path) != nil else {
                places.append("\(address): nothing is there")
                continue
            }
            let client = EngineClient(address: address, timeouts: timeouts)
            do {
                try client.ping()
                return client
            } catch {
                client.close()
                places.append("\(address): \(error.diagnostic.message)")
            }
        }
        throw DiagnosticError(
            .engineNotFound,
            "No container engine was found. Looked at:\n" + places.map { "  \($0)" }.joined(separator: "\n"),
            remedy: "Start Docker or 'podman system service', or set DOCKER_HOST to its socket (unix:///…).")
    }
}
