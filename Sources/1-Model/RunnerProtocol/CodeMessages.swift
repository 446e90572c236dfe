// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// "Give me the code of my job; this much I have already."
package struct CodeRequest: Hashable, Sendable, DataRepresentable {
    package var lease: LeaseKey
    /// Commits that the runner has with all of their history.
    package var haves: [String]
    /// Branches and tags, too: a step asks for another one, or for all of the history.
    package var withRefs: Bool

    package init(lease: LeaseKey, haves: [String], withRefs: Bool = false) {
        self.lease = lease
        self.haves = haves
        self.withRefs = withRefs
    }

    public var data: DataValue {
        ["lease": lease.data, "haves": .array(haves.map(DataValue.string)), "refs": .bool(withRefs)]
    }

    public init(data: DataValue) throws(DataShapeError) {
        lease = try LeaseKey(data: data["lease"] ?? .null)
        haves = data.strings("haves")
        withRefs = data.bool("refs")
        guard haves.count <= RunnerLimits.haves else {
            throw DataShapeError("at most \(RunnerLimits.haves) commits that the runner has")
        }
    }
}

/// What the server has of a job's code that its runner has not: a bundle, fetched in pieces.
package struct CodeOffer: Hashable, Sendable, DataRepresentable {
    /// A branch or a tag, as a clone has it.
    package struct Ref: Hashable, Sendable {
        package var name: String
        package var object: String

        package init(name: String, object: String) {
            self.name = name
            self.object = object
        }
    }

    package struct Bundle: Hashable, Sendable {
        /// SHA-256, in hexadecimal: its name.
        package var digest: String
        package var sizeBytes: Int

        package init(digest: String, sizeBytes: Int) {
            self.digest = digest
            self.sizeBytes = sizeBytes
        }
    }

    package var commit: String
    package var refs: [Ref]
    /// `nil`: the runner has everything.
    package var bundle: Bundle?
    /// The bundle is being made: to be asked again.
    package var isPending: Bool

    package init(commit: String, refs: [Ref] = [], bundle: Bundle? = nil, isPending: Bool = false) {
        self.commit = commit
        self.refs = refs
        self.bundle = bundle
        self.isPending = isPending
    }

    public var data: DataValue {
        var object: DataObject = [
            "commit": .string(commit), "pending": .bool(isPending),
            "refs": .array(refs.map { ["name": .string($0.name), "object": .string($0.object)] }),
        ]
        object.set(
            "bundle", bundle.map { ["digest": .string($0.digest), "size": .number(Double($0.sizeBytes))] })
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        commit = try data.string("commit")
        refs = try data.list("refs") { item throws(DataShapeError) in
            Ref(name: try item.string("name"), object: try item.string("object"))
        }
        bundle = try data["bundle"].map { (bundle) throws(DataShapeError) in
            Bundle(digest: try bundle.string("digest"), sizeBytes: try bundle.int("size"))
        }
        isPending = data.bool("pending")
    }
}

/// "Give me the bytes from here on." The answer is the bytes, as they are; fewer at the end.
package struct PieceRequest: Hashable, Sendable, DataRepresentable {
    package enum Source: String, Hashable, Sendable {
        /// A bundle of code, by its digest.
        case bundle
        /// What an entry of caches or artifacts names, which the server told this job of.
        case blob
    }

    package var lease: LeaseKey
    package var source: Source
    package var name: String
    package var offset: Int
    package var count: Int

    package init(lease: LeaseKey, source: Source, name: String, offset: Int, count: Int = RunnerLimits.pieceBytes) {
        self.lease = lease
        self.source = source
        self.name = name
        self.offset = offset
        self.count = count
    }

    public var data: DataValue {
        [
            "lease": lease.data, "source": .string(source.rawValue), "name": .string(name),
            "offset": .number(Double(offset)), "count": .number(Double(count)),
        ]
    }

    public init(data: DataValue) throws(DataShapeError) {
        lease = try LeaseKey(data: data["lease"] ?? .null)
        guard let source = Source(rawValue: try data.string("source")) else { throw DataShapeError("a source") }
        self.source = source
        name = try data.string("name")
        offset = try data.int("offset")
        count = try data.int("count")
        guard offset >= 0, (1...RunnerLimits.pieceBytes).contains(count) else {
            throw DataShapeError("a piece of 1 to \(RunnerLimits.pieceBytes) bytes")
        }
    }
}
