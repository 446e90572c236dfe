// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import HTTPMessages
package import StructuredData

/// The objects of one kind, listed and then followed: each change is told once, in order; a gap is closed by listing anew, which
/// tells what is there and, of what was known, what is gone.
package struct ObjectWatch: Sendable {
    package enum Change: Sendable {
        /// All that there is: what is not among it is gone.
        case listed([DataValue])
        case changed(DataValue)
        case removed(DataValue)
    }

    let client: ClusterClient
    let kind: ClusterKind
    let namespace: String?
    let labels: String?
    /// The server ends a watch after so long, and it is asked for anew: a connection that died unseen is noticed.
    private static let seconds = 50
    /// A watch that lasted so long is one.
    private static let whole = Duration.seconds(1)
    private static let firstPauseMs: Int64 = 200
    private static let longestPauseMs: Int64 = 10_000
    private static let lineBytes = 8 << 20

    package init(_ client: ClusterClient, _ kind: ClusterKind, in namespace: String? = nil, labels: String? = nil) {
        self.client = client
        self.kind = kind
        self.namespace = namespace
        self.labels = labels
    }

    /// Follows until the task is cancelled.
    ///
    /// - Parameters:
    ///   - failed: told of what stands in the way, whenever it does; the watch goes on.
    ///   - change: called in order.
    package func run(
        failed: @Sendable (DiagnosticError) async -> Void, _ change: @Sendable (Change) async -> Void
    ) async {
        var pauseMs = Self.firstPauseMs
        var version: String?
        while !Task.isCancelled {
            let (before, start) = (version, ContinuousClock.now)
            var hasFailed = false
            do throws(DiagnosticError) {
                if version == nil {
                    let list = try await client.list(kind, in: namespace, labels: labels)
                    await change(.listed(list.items))
                    version = list.resourceVersion
                }
                try await follow(from: &version, change)
            } catch {
                if Task.isCancelled { return }
                // Where the cluster gave an answer, it may be one to where the watch stands.
                if error.diagnostic.code != .clusterUnreachable { version = nil }
                if error.diagnostic.code != .clusterExpired { await failed(error) }
                hasFailed = true
            }
            // One that ends at once and says nothing new is asked less and less often, whether that is an error or not.
            let hasMoved = before != nil && version != nil && version != before
            if hasMoved || ContinuousClock.now - start >= Self.whole {
                pauseMs = Self.firstPauseMs
                if !hasFailed { continue }
            }
            try? await Task.sleep(for: .milliseconds(pauseMs + Int64.random(in: 0...pauseMs / 4)))
            pauseMs = min(pauseMs * 2, Self.longestPauseMs)
        }
    }

    /// One request; returns where the server ends it in order.
    private func follow(
        from version: inout String?, _ change: @Sendable (Change) async -> Void
    ) async throws(DiagnosticError) {
        var query = [
            FormText.Pair("watch", "true"), FormText.Pair("allowWatchBookmarks", "true"),
            FormText.Pair("timeoutSeconds", "\(Self.seconds)"),
            FormText.Pair("resourceVersion", version ?? ""),
        ]
        if let labels { query.append(FormText.Pair("labelSelector", labels)) }
        let path = kind.path(namespace ?? client.configuration.namespace)
        let stream = try await client.open(path, query: query, what: "follow \(kind.plural)")
        var line: [UInt8] = []
        for try await piece in stream.pieces {
            var rest = piece[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                line += rest[..<end]
                rest = rest[(end + 1)...]
                if let told = try read(line, &version) { await change(told) }
                line.removeAll(keepingCapacity: true)
            }
            line += rest
            guard line.count <= Self.lineBytes else {
                throw DiagnosticError(
                    .clusterAnswer, "A change of \(kind.plural) is longer than \(Self.lineBytes) bytes.")
            }
        }
    }

    private func read(_ line: [UInt8], _ version: inout String?) throws(DiagnosticError) -> Change? {
        guard !line.isEmpty else { return nil }
        guard let data = try? DataValue(json: line), let type = data["type"]?.string, let object = data["object"]
        else {
            throw DiagnosticError(.clusterAnswer, "A change of \(kind.plural) cannot be read.")
        }
        if type == "ERROR" {
            throw ClusterStatus.error(
                object["code"]?.int ?? 500, object, "follow \(kind.plural)", client.server)
        }
        if let seen = object["metadata"]?["resourceVersion"]?.string { version = seen }
        switch type {
        case "ADDED", "MODIFIED": return .changed(object)
        case "DELETED": return .removed(object)
        default: return nil
        }
    }
}
