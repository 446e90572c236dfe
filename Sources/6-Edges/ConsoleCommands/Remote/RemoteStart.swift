// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import RunCoordination
internal import ServerClient
internal import StructuredData
internal import TerminalRendering

/// Runs that a server was asked to make.
struct RemoteStart {
    let target: RemoteTarget
    let console: Console
    let json: Bool
    /// Whether nobody follows them.
    let isDetached: Bool

    /// - Parameter answer: `{"runs": [{run, url, workflow}], "refused": [{workflow, reason}]}`.
    /// - Returns: how they ended; nothing where nobody follows.
    func follow(_ answer: DataValue) throws -> [RunOutcome] {
        let runs = (answer["runs"]?.array ?? []).compactMap { run in run["run"]?.int.map { (number: $0, run: run) } }
        let refused = (answer["refused"]?.array ?? []).map { refusal in
            "\(refusal["workflow"]?.string ?? ""): \(refusal["reason"]?.string ?? refusal["reason"]?["text"]?.string ?? "")"
        }
        guard !runs.isEmpty else {
            throw DiagnosticError(
                .nothingToRun, "Nothing there would run. \(refused.joined(separator: " "))",
                remedy: "Name a workflow that can be dispatched, or choose another event with --event.")
        }
        if isDetached {
            if json { return done { console.out.writeLine(answer.jsonText()) } }
            return done {
                for (number, run) in runs {
                    let workflow = run["workflow"]?.string.map { "  \($0.withoutControls)" } ?? ""
                    console.out.writeLine("run \(number)\(workflow)  \((run["url"]?.string ?? "").withoutControls)")
                }
            }
        }
        return try runs.map { number, _ in
            try RemoteFollowing(target: target, run: number, attempt: 1, console: console).show(json: json)
        }
    }

    private func done(_ body: () -> Void) -> [RunOutcome] {
        body()
        return []
    }
}

/// Options that mean something on this machine only.
enum LocalOptions {
    /// - Parameter given: the option, and whether it was given.
    static func refuse(_ given: [(option: String, isGiven: Bool)]) throws(DiagnosticError) {
        let names = given.filter(\.isGiven).map(\.option)
        guard !names.isEmpty else { return }
        throw DiagnosticError(
            .optionStaysHere, "On a server there is no \(names.joined(separator: ", ")).",
            remedy: "Leave it out, or run it on this machine with: --server none")
    }
}
