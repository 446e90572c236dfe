// SPDX-License-Identifier: Apache-2.0

/// A run as people name it: `12`, `#12`, or `acme/web#12`.
package struct RunReference: Hashable, Sendable, CustomStringConvertible {
    /// `nil` where the place it is said in tells the project.
    package var project: String?
    package var run: Int

    package init(project: String?, run: Int) {
        self.project = project
        self.run = run
    }

    package init?(_ text: String) {
        let parts = text.split(separator: "#", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let digits = parts.last,
            digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let run = Int(digits), run > 0
        else { return nil }
        let project = parts.count == 2 ? String(parts[0]) : ""
        guard project.utf8.count <= 256, project.unicodeScalars.allSatisfy({ $0.value > 32 && $0.value != 127 }) else {
            return nil
        }
        self.project = project.isEmpty ? nil : project
        self.run = run
    }

    package var description: String { "\(project ?? "")#\(run)" }
}
