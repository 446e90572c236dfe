// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import GitHubWorkflows
internal import YAMLReading

/// Finds in an action's manifest what the reader refuses, and what it takes although GitHub does not.
package enum ActionLint {
    /// Whether a file is an action's manifest and no workflow: by its keys, else by its name.
    package static func isManifest(_ bytes: [UInt8], path: String) -> Bool {
        let root = (try? YAMLReader.read(bytes))?.root
        if root?["jobs"] != nil || root?["on"] != nil { return false }
        let name = path.split(separator: "/").last ?? ""
        return root?["runs"] != nil || name == "action.yml" || name == "action.yaml"
    }

    /// - Parameter hasFile: whether the action's folder has a file of this name.
    package static func check(_ bytes: [UInt8], path: String, hasFile: (String) -> Bool) -> [Diagnostic] {
        let result = ActionManifestReader.read(bytes, path: path)
        let action = LocalAction(
            bytes, isDockerfileOnly: false, isRefused: result.manifest == nil, hasFile: hasFile)
        let faults = action.faults.map { fault in
            Diagnostic(
                .localActionBroken, "The manifest is faulty: \(fault).", severity: .warning, file: path,
                position: .start)
        }
        return (result.diagnostics + faults).sorted {
            ($0.position ?? .start, $0.code) < ($1.position ?? .start, $1.code)
        }
    }
}
