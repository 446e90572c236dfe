// SPDX-License-Identifier: Apache-2.0

extension ContentFolder {
    /// Reads all of a tree, and forgets what of it is damaged, so that the next one who saves it stores that anew.
    ///
    /// - Returns: how much was damaged or missing.
    package func dropDamaged(of tree: ContentID) throws(ContentError) -> Int {
        let manifest: TreeManifest
        do throws(ContentError) {
            manifest = try self.tree(tree)
        } catch {
            guard let digest = error.lostContent else { throw error }
            try drop(digest)
            return 1
        }
        var seen: Set<ContentDigest> = []
        var count = 0
        for entry in manifest.folders.flatMap(\.entries) {
            for chunk in entry.chunks where seen.insert(chunk.digest).inserted {
                do throws(ContentError) {
                    let reader = try reader(ContentID(digest: chunk.digest, sizeBytes: UInt64(chunk.sizeBytes)))
                    while try reader.next({ (_) throws(ContentError) in }) {}
                } catch {
                    guard let digest = error.lostContent else { throw error }
                    try drop(digest)
                    count += 1
                }
            }
        }
        return count
    }
}
