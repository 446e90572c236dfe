// SPDX-License-Identifier: Apache-2.0

import PipelineModel
import ProcessControl
import StructuredData

/// Steps that run in a sandbox.
extension HostJob {
    func enclose(_ request: inout SpawnRequest, in sandbox: StepSandbox, _ step: RunningStep) {
        let folders = options.folders
        let ofComposite = scopes[step.scope]?.github.last { $0.name == "action_path" }?.value.string
        let prefix = sandbox.prefix(
            writable: [folders.workspace, folders.temporary, folders.scratch],
            readable: [folders.toolCache] + [step.actionFolder, ofComposite].compactMap { $0.map(actionRoot) },
            folder: request.workingDirectory)
        request.arguments = [sandbox.bubblewrap] + prefix + [request.program] + request.arguments.dropFirst()
        request.program = sandbox.bubblewrap
        // What the step writes to elsewhere is not there for the program that encloses it.
        request.workingDirectory = "/"
        let name = "\(sandboxGroupName)-\(step.attempt.step)-\(step.attempt.number)"
        step.limits = LimitGroup.make(name: name, sandbox.limits)
        request.cgroups = step.limits?.directories ?? []
        request.ownsCgroups = step.limits != nil
        if step.limits == nil, !hasToldOfLimits {
            hasToldOfLimits = true
            step.output?.warning("Memory and processes are not limited: control groups cannot be made here.")
        }
    }

    /// An action in a folder of a repository may need what lies beside it; not what others have fetched.
    private func actionRoot(_ folder: String) -> String {
        guard let fetched = options.actionsFolder, folder.hasPrefix(fetched + "/") else { return folder }
        // OWNER/REPOSITORY/COMMIT
        let parts = folder.dropFirst(fetched.count + 1).split(separator: "/").prefix(3)
        return ([fetched] + parts.map(String.init)).joined(separator: "/")
    }

    private var sandboxGroupName: String {
        let plain = options.identity.marker.utf8.map { byte -> Character in
            let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            return isPlain ? Character(UnicodeScalar(byte)) : "-"
        }
        return "martlet-" + String(plain.prefix(150))
    }

    /// Which limit a step ran into that succeeded all the same.
    func excessNote(_ step: RunningStep) -> String? {
        guard let excess = step.limits?.excess, let limits = options.sandbox?.limits else { return nil }
        switch excess {
        case .memory:
            return "A process of the step was ended, for it needed more memory than \(limits.memoryBytes >> 20) MB."
        case .processes: return "The step could not start more than \(limits.processes) processes."
        }
    }

    /// Which limit the step ran into.
    func excessReason(_ step: RunningStep) -> Reason? {
        guard let excess = step.limits?.excess, let limits = options.sandbox?.limits else { return nil }
        switch excess {
        case .memory:
            return Reason(
                .limit, "The step needed more memory than its limit of \(limits.memoryBytes >> 20) MB, and was ended.")
        case .processes:
            return Reason(.limit, "The step needed more processes than its limit of \(limits.processes).")
        }
    }
}
