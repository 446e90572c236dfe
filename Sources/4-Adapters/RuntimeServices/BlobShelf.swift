// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// Bytes that were stored as a whole.
package struct StoredBlob: Hashable, Sendable {
    /// The shelf's own name for it.
    package var name: String
    package var sizeBytes: UInt64
    /// SHA-256, 64 lower-case hexadecimal digits.
    package var digest: String

    package init(name: String, sizeBytes: UInt64, digest: String) {
        self.name = name
        self.sizeBytes = sizeBytes
        self.digest = digest
    }
}

/// Where the bytes of caches and artifacts are kept. An upload is a set of named blocks, written in any order, several
/// at once; what is committed is the blocks of a list, in its order. Before that nothing of an upload can be read.
///
/// All calls block. `openBlock` and `open` have to be quick: they are called where connections are served.
package protocol BlobShelf: Sendable {
    /// - Returns: the upload's name.
    func beginUpload() throws(DiagnosticError) -> String
    /// A block that is finished a second time replaces the first.
    func openBlock(_ block: String, of upload: String) throws(DiagnosticError) -> any BlockWriter
    /// Ends the upload.
    ///
    /// - Throws: ``DiagnosticCode/uploadIncomplete`` where a block of the list is not there; the upload stays.
    func commit(_ blocks: [String], of upload: String) throws(DiagnosticError) -> StoredBlob
    /// Drops an upload and its blocks; one that is gone is fine.
    func discard(_ upload: String)
    /// - Throws: ``DiagnosticCode/blobUnreadable``.
    func open(_ blob: StoredBlob) throws(DiagnosticError) -> any BlobReader
    /// Drops the uploads of processes that are gone.
    func sweep() throws(DiagnosticError)
    /// One that is gone is fine.
    func remove(_ blob: StoredBlob) throws(DiagnosticError)
}

/// Takes the bytes of one block, in order. Used by one thread at a time.
package protocol BlockWriter: AnyObject {
    func append(_ bytes: UnsafeRawBufferPointer) throws(DiagnosticError)
    /// The block counts from now on.
    func finish() throws(DiagnosticError)
    /// Nothing of the block stays.
    func abandon()
}

/// Reads one blob, which stays readable while this is held even where it is removed meanwhile.
package protocol BlobReader: AnyObject {
    /// - Returns: how many bytes were read; 0 only at the end.
    func read(into space: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiagnosticError) -> Int
}
