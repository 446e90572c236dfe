// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
internal import Diagnostics
internal import Synchronization

/// The content store of a run: opened by the first that needs it, with a lease that keeps what the run has used until the
/// run's end. Used on threads that may block.
final class LeasedContent: Sendable {
    struct Opened {
        let content: ContentFolder
        let lease: ContentLease
    }

    let path: String
    private let opened = Mutex<Opened?>(nil)

    init(_ store: String) { path = store + "/content" }

    func with<Value>(_ body: (Opened) throws(ContentError) -> Value) throws(DiagnosticError) -> Value {
        do throws(ContentError) {
            let opened = try opened.withLock { (opened) throws(ContentError) in
                if let opened { return opened }
                let content = try ContentFolder(path: path)
                let new = Opened(content: content, lease: try content.lease())
                opened = new
                return new
            }
            return try body(opened)
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
    }
}
