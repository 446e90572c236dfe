// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
package import RunnerProtocol
package import StructuredData

/// What a pod is told of the job that it carries out: a file of its Secret.
package struct PodLease: Hashable, Sendable, DataRepresentable {
    package var lease: LeaseKey
    package var server: String
    /// Good for the lease alone.
    package var credential: String
    /// Services that somebody looks at.
    package var awaited: [String]
    /// Certificates to trust beside the image's, as PEM; `nil`: none.
    package var authorities: String?
    /// Names of services that a pod's own list of hosts cannot have.
    package var hosts: [String] = []
    /// The pod itself encloses its steps: there is no other sandbox in it.
    package var isSandbox = false

    /// Of steps in a pod that is a sandbox.
    package static func home(_ volume: String) -> String { volume + "/home" }

    package static let fileName = "lease.json"
    private static let limitBytes = 1 << 20

    package init(lease: LeaseKey, server: String, credential: String, awaited: [String]) {
        self.lease = lease
        self.server = server
        self.credential = credential
        self.awaited = awaited
    }

    public var data: DataValue {
        var object: DataObject = [
            "lease": lease.data, "server": .string(server), "credential": .string(credential),
            "awaited": .array(awaited.map(DataValue.string)),
        ]
        object.set("authorities", authorities.map(DataValue.string))
        object.set("hosts", hosts.isEmpty ? nil : .array(hosts.map(DataValue.string)))
        object.set("sandbox", isSandbox ? true : nil)
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(
            lease: try LeaseKey(data: data["lease"] ?? .null), server: try data.string("server"),
            credential: try data.string("credential"), awaited: data.strings("awaited"))
        authorities = data["authorities"]?.string
        hosts = data["hosts"] == nil ? [] : data.strings("hosts")
        isSandbox = data.bool("sandbox")
    }

    /// - Throws: ``DiagnosticCode/podLeaseUnreadable``.
    package static func read(_ path: String) throws(DiagnosticError) -> PodLease {
        guard let text = try Files.readIfPresent(path, limit: limitBytes), let data = try? DataValue(json: text),
            let lease = try? PodLease(data: data)
        else {
            throw DiagnosticError(
                .podLeaseUnreadable, "The file '\(path)' does not tell which job is to be carried out.",
                remedy: "It is of the Secret that a cluster's runner makes for each job: this command is for its pods.")
        }
        return lease
    }
}
