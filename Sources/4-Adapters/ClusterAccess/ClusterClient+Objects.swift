// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import HTTPMessages
package import StructuredData

/// Objects: read, made, changed, removed.
extension ClusterClient {
    /// What removing an object does to what it owns.
    package enum Propagation: String, Sendable {
        /// It is removed afterwards.
        case background = "Background"
        /// It is removed before.
        case foreground = "Foreground"
        case orphan = "Orphan"
    }

    package struct List: Sendable {
        package var items: [DataValue] = []
        /// From where on changes are watched.
        package var resourceVersion = ""
    }

    private static let pageItems = 250

    /// `gitVersion`, and its numbers: `1`, `29`.
    package func version() async throws(DiagnosticError) -> (text: String, major: Int, minor: Int) {
        let data = try object(try await send("GET", "/version", what: "tell its version"))
        func number(_ key: String) -> Int { Int((data[key]?.string ?? "").prefix { $0.isNumber }) ?? 0 }
        return (data["gitVersion"]?.string ?? "", number("major"), number("minor"))
    }

    package func get(
        _ kind: ClusterKind, _ name: String, in namespace: String? = nil
    ) async throws(DiagnosticError) -> DataValue {
        let path = kind.path(namespace ?? configuration.namespace, name)
        return try object(try await send("GET", path, what: "read \(kind.plural)/\(name)"))
    }

    /// All, page for page. A list that grows too old between two pages is begun anew, once.
    package func list(
        _ kind: ClusterKind, in namespace: String? = nil, labels: String? = nil, fields: String? = nil
    ) async throws(DiagnosticError) -> List {
        do throws(DiagnosticError) {
            return try await pages(kind, namespace, labels, fields)
        } catch {
            guard error.diagnostic.code == .clusterExpired else { throw error }
            return try await pages(kind, namespace, labels, fields)
        }
    }

    private func pages(
        _ kind: ClusterKind, _ namespace: String?, _ labels: String?, _ fields: String?
    ) async throws(DiagnosticError) -> List {
        var list = List()
        var next: String?
        repeat {
            var query = [FormText.Pair("limit", "\(Self.pageItems)")]
            if let labels { query.append(FormText.Pair("labelSelector", labels)) }
            if let fields { query.append(FormText.Pair("fieldSelector", fields)) }
            if let next { query.append(FormText.Pair("continue", next)) }
            let path = kind.path(namespace ?? configuration.namespace)
            let data = try object(try await send("GET", path, query: query, what: "list \(kind.plural)"))
            list.items += data["items"]?.array ?? []
            list.resourceVersion = data["metadata"]?["resourceVersion"]?.string ?? ""
            next = data["metadata"]?["continue"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        } while next != nil
        return list
    }

    /// - Throws: ``DiagnosticCode/clusterConflict`` where it is there.
    @discardableResult
    package func create(
        _ kind: ClusterKind, _ object: DataValue, in namespace: String? = nil
    ) async throws(DiagnosticError) -> DataValue {
        let name = object["metadata"]?["name"]?.string ?? ""
        let path = kind.path(namespace ?? configuration.namespace)
        return try self.object(
            try await send("POST", path, body: object, what: "make \(kind.plural)/\(name)"))
    }

    /// Server-side apply: these fields are this manager's from now on.
    ///
    /// - Parameters:
    ///   - isForced: fields of other managers become this one's.
    ///   - isDry: nothing is kept; the cluster says what it would.
    @discardableResult
    package func apply(
        _ kind: ClusterKind, _ object: DataValue, in namespace: String? = nil, manager: String = "martlet",
        isForced: Bool = false, isDry: Bool = false
    ) async throws(DiagnosticError) -> DataValue {
        let name = object["metadata"]?["name"]?.string ?? ""
        var query = [FormText.Pair("fieldManager", manager)]
        if isForced { query.append(FormText.Pair("force", "true")) }
        if isDry { query.append(FormText.Pair("dryRun", "All")) }
        let path = kind.path(namespace ?? configuration.namespace, name)
        return try self.object(
            try await send(
                "PATCH", path, query: query, body: object, contentType: "application/apply-patch+yaml",
                what: "apply \(kind.plural)/\(name)"))
    }

    /// A merge patch.
    @discardableResult
    package func patch(
        _ kind: ClusterKind, _ name: String, _ change: DataValue, in namespace: String? = nil
    ) async throws(DiagnosticError) -> DataValue {
        let path = kind.path(namespace ?? configuration.namespace, name)
        return try object(
            try await send(
                "PATCH", path, body: change, contentType: "application/merge-patch+json",
                what: "change \(kind.plural)/\(name)"))
    }

    /// What is not there is removed already.
    package func delete(
        _ kind: ClusterKind, _ name: String, in namespace: String? = nil,
        propagation: Propagation = .background, graceSeconds: Int? = nil
    ) async throws(DiagnosticError) {
        var body: DataObject = [
            "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": .string(propagation.rawValue),
        ]
        body.set("gracePeriodSeconds", graceSeconds.map { .number(Double($0)) })
        let path = kind.path(namespace ?? configuration.namespace, name)
        do throws(DiagnosticError) {
            _ = try await send("DELETE", path, body: .object(body), what: "remove \(kind.plural)/\(name)")
        } catch {
            guard error.diagnostic.code == .clusterMissing else { throw error }
        }
    }

    /// The last bytes that a container has printed.
    package func logs(
        of pod: String, container: String, in namespace: String? = nil, lines: Int, limitBytes: Int = 1 << 16
    ) async throws(DiagnosticError) -> String {
        let path = ClusterKind.pods.path(namespace ?? configuration.namespace, pod, "log")
        let answer = try await send(
            "GET", path,
            query: [
                FormText.Pair("container", container), FormText.Pair("tailLines", "\(lines)"),
                FormText.Pair("limitBytes", "\(limitBytes)"),
            ], what: "read what the pod '\(pod)' printed")
        return String(decoding: answer.body, as: UTF8.self)
    }
}
