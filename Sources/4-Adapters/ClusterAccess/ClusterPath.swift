// SPDX-License-Identifier: Apache-2.0

internal import HTTPMessages

/// A kind of objects as the API's paths name it.
package struct ClusterKind: Hashable, Sendable {
    /// Empty: the core's.
    package var group: String
    package var version: String
    /// `jobs`.
    package var plural: String
    package var isNamespaced = true

    package init(_ group: String, _ version: String, _ plural: String, isNamespaced: Bool = true) {
        self.group = group
        self.version = version
        self.plural = plural
        self.isNamespaced = isNamespaced
    }

    package static let pods = ClusterKind("", "v1", "pods")
    package static let secrets = ClusterKind("", "v1", "secrets")
    package static let configMaps = ClusterKind("", "v1", "configmaps")
    package static let events = ClusterKind("", "v1", "events")
    package static let namespaces = ClusterKind("", "v1", "namespaces", isNamespaced: false)
    package static let nodes = ClusterKind("", "v1", "nodes", isNamespaced: false)
    package static let jobs = ClusterKind("batch", "v1", "jobs")

    /// `batch/v1`.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// Below the server's address.
    func path(_ namespace: String?, _ name: String? = nil, _ part: String? = nil) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if isNamespaced, let namespace { path += "/namespaces/\(FormText.encoded(namespace))" }
        path += "/\(plural)"
        if let name { path += "/\(FormText.encoded(name))" }
        if let part { path += "/\(part)" }
        return path
    }
}
