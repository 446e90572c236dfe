// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// What a job's runner asks of the server's caches and artifacts, as one that works beside the server asks its disk.
package struct StorageCall: Hashable, Sendable, DataRepresentable {
    package enum Act: String, Hashable, Sendable {
        /// Caches that the job may see: `version`, or all without one.
        case caches
        /// Takes a `key` and `version` for an upload.
        case reserve
        case release
        /// Publishes a cache: `entry`, and the `trees` that it is or the `upload` that has its bytes.
        case keepCache
        /// A cache was used: `key`, `version`, `scope`.
        case touch
        /// A cache could not be restored: the server looks, and drops it where it is not whole.
        case dropDamaged
        /// Artifacts of a `run` of the project.
        case artifacts
        /// Publishes an artifact: `entry`, `replaces`; its blobs are uploads, or those that it had.
        case keepArtifact
        /// Removes one of the job's own run: `name`, `attempt`.
        case removeArtifact
        /// What a cache's tree is made of: `key`, `version`, `scope`, `base`. From then on its chunks may be fetched.
        case tree
        /// Which of the `chunks` are to be sent.
        case missing
        /// An address in the object storage at which a `blob` that the job was told of, or the cache `key`, `version`, `scope`, is
        /// read; see ``StorageLink``.
        case link
        /// An address at which the upload `name` of `size` bytes with that `sha256`, of that `kind`, is put.
        case uploadLink
        /// Sees that a `blob` (of a `run`, where it is an artifact's) or the cache `key`, `version`, `scope` is in the server's folder,
        /// for the server's own runner.
        case bring
    }

    package var lease: LeaseKey
    package var act: Act
    package var details: DataObject

    package init(lease: LeaseKey, _ act: Act, _ details: DataObject = [:]) {
        self.lease = lease
        self.act = act
        self.details = details
    }

    /// Whether others see what it does: it needs the lease in the moment in which it is done.
    package var publishes: Bool { [.keepCache, .keepArtifact, .removeArtifact].contains(act) }

    public var data: DataValue {
        ["lease": lease.data, "act": .string(act.rawValue), "details": .object(details)]
    }

    public init(data: DataValue) throws(DataShapeError) {
        lease = try LeaseKey(data: data["lease"] ?? .null)
        guard let act = Act(rawValue: try data.string("act")) else { throw DataShapeError("an act") }
        self.act = act
        details = data["details"]?.object ?? DataObject()
    }
}
