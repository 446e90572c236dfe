// SPDX-License-Identifier: Apache-2.0

internal import Timekeeping

/// What an upload is to become.
enum UploadPurpose: Hashable, Sendable {
    case cache(CacheName)
    case archive(name: String)
    /// A file of an artifact of the third version; the path begins with the artifact's name.
    case file(artifact: String, path: String)
}

/// An upload between its first and its last request. It lives in this process only: one that is cut off leaves nothing.
struct OpenUpload: Sendable {
    /// The shelf's name for it.
    var name: String
    /// Below 2^53; the entry's, once there is one.
    var id: Int
    /// The admitted job's backend name.
    var job: String
    var run: String
    var purpose: UploadPurpose
    /// Bytes of each block that has arrived whole.
    var blocks: [String: UInt64] = [:]
    /// Once its bytes are on the shelf.
    var blob: StoredBlob?
    var mediaType: String?
    /// Of an artifact: when it may go.
    var expires: Timestamp?
    /// The client has compressed the bytes; then how many they were before.
    var isGzip = false
    var fullBytes: UInt64?
    /// Another request is putting it together.
    var isCommitting = false

    var sizeBytes: UInt64 { blocks.values.reduce(0, +) }
}

/// The uploads of all jobs. Not safe for several threads by itself.
struct OpenUploads: Sendable {
    private var uploads: [String: OpenUpload] = [:]
    private var names: [Int: String] = [:]

    var count: Int { uploads.count }

    subscript(name: String) -> OpenUpload? { uploads[name] }
    subscript(id id: Int) -> OpenUpload? { names[id].flatMap { uploads[$0] } }

    /// The newest, where a step that was tried again has left one behind.
    func first(job: String, _ purpose: UploadPurpose) -> OpenUpload? {
        uploads.values.filter { $0.job == job && $0.purpose == purpose }.max { $0.id < $1.id }
    }

    func all(ofJob job: String) -> [OpenUpload] { uploads.values.filter { $0.job == job } }

    mutating func add(_ upload: OpenUpload) {
        uploads[upload.name] = upload
        names[upload.id] = upload.name
    }

    /// - Returns: `nil` where there is none of that name.
    mutating func change<Result>(_ name: String, _ body: (inout OpenUpload) -> Result) -> Result? {
        guard var upload = uploads[name] else { return nil }
        let result = body(&upload)
        uploads[name] = upload
        return result
    }

    @discardableResult
    mutating func remove(_ name: String) -> OpenUpload? {
        guard let upload = uploads.removeValue(forKey: name) else { return nil }
        names[upload.id] = nil
        return upload
    }
}
