// SPDX-License-Identifier: Apache-2.0

import ContentStore
import Diagnostics
import Glibc

// One operation of the content store a call, so that scripts can time it beside other programs:
//   content-store-bench save STORE FOLDER | restore STORE TREE FOLDER | update STORE TREE FOLDER
// Prints seconds, and what was done, as one line of JSON.
let arguments = Array(CommandLine.arguments.dropFirst())

func seconds() -> Double {
    var moment = timespec()
    clock_gettime(CLOCK_MONOTONIC, &moment)
    return Double(moment.tv_sec) + Double(moment.tv_nsec) / 1e9
}

func tell(_ text: String) {
    var line = text + "\n"
    _ = line.withUTF8 { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
}

func save(_ store: ContentFolder, _ folder: String) throws(ContentError) {
    let start = seconds()
    let lease = try store.lease()
    let tree = try store.save(TreeSelection(root: folder), under: lease)
    _ = try store.setReference(ContentReference(namespace: "bench", name: folder, root: ContentRoot(.tree, tree.id)))
    let time = seconds() - start
    tell(
        """
        {"seconds": \(time), "tree": "\(tree.id)", "files": \(tree.fileCount), "bytes": \(tree.sizeBytes), \
        "read": \(tree.readBytes), "new": \(tree.written.sizeBytes), "stored": \(tree.written.storedBytes), \
        "notes": \(tree.notes.count)}
        """)
}

func restore(_ store: ContentFolder, _ text: String, _ folder: String, _ manner: RestoreManner) throws(ContentError) {
    guard let id = ContentID(text) else { exit(2) }
    let start = seconds()
    let done = try store.restore(id, to: TreeSelection(root: folder), manner, under: store.lease())
    let time = seconds() - start
    tell(
        """
        {"seconds": \(time), "written": \(done.writtenCount), "bytes": \(done.writtenBytes), \
        "kept": \(done.keptCount), "removed": \(done.removedCount)}
        """)
}

do {
    guard arguments.count >= 3 else { exit(2) }
    var options = ContentOptions()
    if let threads = getenv("CONTENT_THREADS").flatMap({ Int(String(cString: $0)) }) { options.threadCount = threads }
    let store = try ContentFolder(path: arguments[1], options: options)
    switch (arguments[0], arguments.count) {
    case ("save", 3): try save(store, arguments[2])
    case ("restore", 4): try restore(store, arguments[2], arguments[3], .all)
    case ("update", 4): try restore(store, arguments[2], arguments[3], .differences(removingOthers: true))
    case ("collect", 3):
        let start = seconds()
        let report = try store.collect(CollectionRules(sizeLimitBytes: UInt64(arguments[2]) ?? .max), now: time(nil))
        tell("{\"seconds\": \(seconds() - start), \"freed\": \(report.freedBytes), \"kept\": \(report.keptBytes)}")
    default: exit(2)
    }
} catch {
    tell("\(error.diagnostic.code): \(error.diagnostic.message)")
    exit(1)
}
