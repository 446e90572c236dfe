// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPCalling
internal import ObjectStorage

/// `--blobs`, or `MARTLET_BLOBS`.
enum BlobsOption {
    /// How long the object storage may say nothing in the midst of an answer.
    private static let silenceMs: Int64 = 30_000

    /// - Returns: `nil` where there is none.
    /// - Throws: where the address cannot be used.
    static func store(
        _ option: String?, _ environment: [String: String], trusting authority: String?
    ) throws(DiagnosticError) -> (any ObjectStore)? {
        guard let text = option ?? environment["MARTLET_BLOBS"], !text.isEmpty else { return nil }
        switch try StorageAddress(text) {
        case .folder(let path): return FolderStore(root: path)
        case .bucket(let address):
            let client = try WebClient(trusting: authority, idleMs: silenceMs)
            return try BucketStore(
                address,
                BucketSurroundings(
                    environment: environment, transport: client.transport, exchange: client.exchanging))
        }
    }
}
