// SPDX-License-Identifier: Apache-2.0

import ContentStore
import Diagnostics
import Glibc

// A process that stores content until it is killed, meets a limit, or is told to go: the tests of the content store
// run it.
//   fill STORE SEED [FILE-LIMIT]   stores contents made from the seed, and tells each that is stored, for ever
//   save STORE FOLDER NAME         saves a folder under a name
//   hold STORE NAME                uses a name, says so, and waits for the end of its input
let arguments = Array(CommandLine.arguments.dropFirst())

func tell(_ text: String) {
    var line = text + "\n"
    _ = line.withUTF8 { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
}

func random(_ seed: inout UInt64) -> UInt64 {
    seed ^= seed << 13
    seed ^= seed >> 7
    seed ^= seed << 17
    return seed
}

func fill(_ store: ContentFolder, seed: UInt64) throws(ContentError) {
    var seed = seed
    var count = 0
    while true {
        let lease = try store.lease()
        let writer = try store.writer(under: lease)
        for _ in 0..<(random(&seed) % 40) {
            var piece: [UInt8] = []
            for _ in 0..<1000 { withUnsafeBytes(of: random(&seed)) { piece += $0 } }
            try writer.append(piece)
        }
        let id = try writer.finish()
        let root = ContentRoot(.blob, id)
        try store.setReference(ContentReference(namespace: "fill", name: "\(seed)", root: root))
        count += 1
        tell("\(id)")
    }
}

guard arguments.count >= 3 else { exit(2) }
if arguments.count > 3, arguments[0] == "fill", let limit = UInt(arguments[3]) {
    signal(SIGXFSZ, SIG_IGN)
    var limits = rlimit(rlim_cur: limit, rlim_max: limit)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits)
}
do {
    let store = try ContentFolder(path: arguments[1])
    switch arguments[0] {
    case "fill": try fill(store, seed: UInt64(arguments[2]) ?? 1)
    case "save":
        let lease = try store.lease()
        let tree = try store.save(TreeSelection(root: arguments[2]), under: lease)
        try store.setReference(
            ContentReference(namespace: "save", name: arguments[3], root: ContentRoot(.tree, tree.id)))
        tell("\(tree.id)")
    case "hold":
        let lease = try store.lease()
        let reference = try store.use("fill", arguments[2], under: lease)
        tell(reference.map { "\($0.root.id)" } ?? "none")
        while getchar() != EOF {}
        withExtendedLifetime(lease) {}
    default: exit(2)
    }
} catch {
    tell("\(error.diagnostic.code)")
    exit(1)
}
