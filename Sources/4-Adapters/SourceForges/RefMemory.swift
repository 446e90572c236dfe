// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// The refs of a remote as they were when something was last heard of them, by a poll or by a webhook.
package struct RefMemory: Hashable, Sendable {
    /// Full names to commits.
    package internal(set) var refs: [String: String]
    /// Whether a poll has been: before, nothing is known and nothing is missed.
    package internal(set) var isPrimed: Bool

    package init() {
        refs = [:]
        isPrimed = false
    }

    /// A webhook told it, so the next poll need not. Before the first poll there is nothing to keep.
    package mutating func note(_ event: ForgeEvent) {
        guard isPrimed else { return }
        if let request = event.pullRequest {
            refs[request.fetchRef] = request.headSHA
        } else if event.name == "push", let ref = event.ref, let after = event.after {
            refs[ref] = GitNames.isNone(after) ? nil : event.commit
        }
    }
}

extension RefMemory: DataRepresentable {
    package var data: DataValue {
        let pairs = refs.sorted { $0.key < $1.key }.map { ($0.key, DataValue.string($0.value)) }
        return ["primed": .bool(isPrimed), "refs": .object(DataObject(pairs))]
    }

    package init(data: DataValue) throws(DataShapeError) {
        let object = try data.required("refs", \.object)
        refs = [:]
        for (name, commit) in object {
            guard let commit = commit.string, GitNames.isCommit(commit), GitNames.isRef(name) else {
                throw DataShapeError("a ref and its commit at \"\(name)\"")
            }
            refs[name] = commit
        }
        isPrimed = data.bool("primed")
    }
}
