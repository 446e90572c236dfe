// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import PipelineModel

extension RunStore {
    /// Makes a store that was copied from another place at home where it will be: runs, and what is kept of repositories,
    /// name the folder of their repository's mirror.
    ///
    /// - Parameters:
    ///   - old: the folder that was copied.
    ///   - new: where the copy will be.
    ///   - draft: where the copy is.
    package static func move(from old: String, to new: String, in draft: String) throws(DiagnosticError) {
        let projects = draft + "/projects"
        for project in Files.isDirectory(projects) ? try Trees.list(projects) : [] {
            let mirror = "\(projects)/\(project.name)/mirror.git"
            guard Files.isDirectory(mirror) else { continue }
            // Git knows a repository by them, and a copy of files has no empty folders.
            for name in ["refs", "objects"] { try Trees.make("\(mirror)/\(name)") }
        }
        guard old != new, Files.isDirectory(draft + "/runs") else { return }
        let store = try RunStore(root: draft)
        var moved: [String: String] = [:]
        for run in try store.runs() {
            guard let root = try RunRecord.root(of: run, in: store), root.hasPrefix(old + "/"),
                var record = try? RunRecord.load(from: store, run)
            else { continue }
            record.repository.root = new + root.dropFirst(old.count)
            moved[root] = record.repository.root
            try record.save(in: store, run)
        }
        for (root, target) in moved {
            let (from, to) = (RunServices.folder(of: root, in: store), RunServices.folder(of: target, in: store))
            if Files.isDirectory(from), Files.facts(to) == nil { try Files.rename(from, to: to) }
        }
    }
}
