// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import ProcessControl

/// Each fetch leaves a pack or single objects behind.
extension ProjectMirror {
    /// From so many on they are put together: git looks through all of them for each object.
    package static let mostPacks = 50
    package static let mostLooseObjects = 5_000
    private static let tidySeconds: Int64 = 3_600

    /// Puts packs and single objects into one pack where there are many. What no ref names stays too: runs of commits that were
    /// pushed over are run again.
    ///
    /// - Returns: whether there was something to do.
    package func tidy(
        mostPacks: Int = mostPacks, mostLooseObjects: Int = mostLooseObjects
    ) throws(DiagnosticError) -> Bool {
        guard Files.isDirectory(folder + "/objects") else { return false }
        let counted = try read(["count-objects", "-v"])
        let numbers = counted.text.split(separator: "\n").reduce(into: [String: Int]()) { numbers, line in
            let words = line.split(separator: " ")
            if words.count == 2 { numbers[String(words[0])] = Int(words[1]) }
        }
        guard numbers["packs:", default: 0] > mostPacks || numbers["count:", default: 0] > mostLooseObjects else {
            return false
        }
        return try locked { () throws(DiagnosticError) in
            var repack = command(["repack", "-a", "-d", "-k", "-q"], variables: [])
            repack.patience = .seconds(Self.tidySeconds)
            let outcome = try repack.run()
            guard outcome.succeeded else {
                throw DiagnosticError(.gitFailed, "The mirror \(folder) could not be tidied: \(outcome.errorText)")
            }
            return true
        }
    }
}
