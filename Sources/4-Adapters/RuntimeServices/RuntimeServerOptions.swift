// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import Timekeeping

/// What the services are made of.
package struct RuntimeServerOptions: Sendable {
    /// The address at which the server is told to be.
    package var host = "127.0.0.1"
    /// 0: any that is free.
    package var port = 0
    package var shelf: any BlobShelf
    package var index: any EntryIndex
    package var limits = ServiceLimits()
    /// Where the key that signs id-tokens is kept; without, it is another in each process.
    package var identityKeyPath: String?
    /// What id-tokens say of who made them; the services' own address where it is `nil`.
    package var issuer: String?
    /// Called on a thread of the services, once for each look-up.
    package var observeLookup: @Sendable (CacheLookup) -> Void = { _ in }
    /// What went wrong here while a request was answered; the client was told, too.
    package var report: @Sendable (DiagnosticError) -> Void = { _ in }
    package var now: @Sendable () -> Timestamp = { Timestamp.now() }

    package init(shelf: any BlobShelf, index: any EntryIndex) {
        self.shelf = shelf
        self.index = index
    }

    /// Both over plain files in one folder.
    package init(folder: String) {
        self.init(shelf: FileBlobShelf(folder: folder), index: FileEntryIndex(folder: folder + "/index"))
    }
}
