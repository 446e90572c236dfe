// SPDX-License-Identifier: Apache-2.0

internal import YAMLReading

extension Rule {
    /// Anchors that no alias refers to.
    static let anchors = Rule("anchors") { workflow, findings in
        for anchor in workflow.anchors where !anchor.isUsed {
            findings.warn(
                .unusedAnchor, "Nothing refers to the anchor '&\(anchor.name)'.", at: anchor.position,
                remedy: "Remove it, or use it with '*\(anchor.name)'.")
        }
    }
}
