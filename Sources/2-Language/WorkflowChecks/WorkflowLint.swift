// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import YAMLReading

/// What the lint may ask about the world around the file.
package struct WorkflowLintOptions: Sendable {
    /// The text of a file of the repository, by its path from the root (`.github/workflows/x.yml`,
    /// `actions/y/action.yml`); `nil` where there is no such file. Without a closure, nothing local is looked into.
    package var readFile: (@Sendable (String) -> [UInt8]?)?
    /// Labels of the user's own runners, besides GitHub's.
    package var runnerLabels: [String] = []
    /// What the reader reported on the same file: where it speaks of a line, the lint does not repeat it.
    package var readerDiagnostics: [Diagnostic] = []

    package init() {}
}

/// Finds in a workflow file what GitHub does not reject: faults that show at run time, or never.
package enum WorkflowLint {
    /// - Parameter path: as the diagnostics are to name the file.
    /// - Returns: findings in the order of the text, each once.
    package static func check(
        _ bytes: [UInt8], path: String?, options: WorkflowLintOptions = WorkflowLintOptions()
    ) -> [Diagnostic] {
        let inspection = inspect(bytes, options)
        return finish(inspection.diagnostics, path, options)
    }

    /// What the rules found, and the expressions of the file.
    struct Inspection {
        var diagnostics: [Diagnostic]
        var expressions: [PlacedExpression] = []
    }

    static func inspect(_ bytes: [UInt8], _ options: WorkflowLintOptions) -> Inspection {
        var findings = Findings()
        let read = RecoveredYAML(bytes)
        for fault in read.faults { findings.add(fault) }
        guard let document = read.document else { return Inspection(diagnostics: findings.diagnostics) }
        guard let root = document.root, !root.isNull else {
            findings.warn(
                .emptyValue, "This workflow is empty.", at: .start,
                remedy: "A workflow needs at least 'on' and 'jobs'.")
            return Inspection(diagnostics: findings.diagnostics)
        }
        var walk = StructureWalk(findings: findings)
        walk.visit(root, as: WorkflowShapes.root, owner: root.position)
        let outline = WorkflowOutline(root: root)
        for event in outline.events {
            guard let node = event.node else { continue }
            walk.visit(node, as: EventShapes.shape(of: event.name), owner: event.position)
        }
        findings = walk.findings
        let source = SourceText(read.bytes)
        let workflow = WorkflowUnderCheck(
            outline: outline, expressions: walk.sites.flatMap { PlacedExpression.all(in: $0, source) }, source: source,
            anchors: document.anchors.filter { !read.brokenAliases.contains($0.name) },
            options: options, local: LocalReferences(outline, readFile: options.readFile))
        for rule in Rule.all { rule.check(workflow, &findings) }
        // What stands in a broken alias's place is empty by our own hand.
        let hidden = Set(read.faults.compactMap(\.position))
        let shown = findings.diagnostics.filter { diagnostic in
            diagnostic.severity == .error || diagnostic.file != nil
                || !(diagnostic.position.map(hidden.contains) ?? false)
        }
        return Inspection(diagnostics: shown, expressions: workflow.expressions)
    }

    static func finish(
        _ diagnostics: [Diagnostic], _ path: String?, _ options: WorkflowLintOptions
    ) -> [Diagnostic] {
        // Faults of called files stand at lines of those.
        let reader = options.readerDiagnostics.filter { $0.file == nil || $0.file == path }
        let known = Set(reader.map { Fact(code: $0.code, position: $0.position) })
        let spokenFor = Set(reader.compactMap { $0.position?.line })
        return
            diagnostics
            .filter { diagnostic in
                guard diagnostic.file == nil else { return true }
                if known.contains(Fact(code: diagnostic.code, position: diagnostic.position)) { return false }
                guard let line = diagnostic.position?.line, spokenFor.contains(line) else { return true }
                return !diagnostic.code.restatesReader
            }
            .map { diagnostic in
                var named = diagnostic
                named.file = diagnostic.file ?? path
                return named
            }
            .sorted { ($0.position ?? .start, $0.code) < ($1.position ?? .start, $1.code) }
    }

    private struct Fact: Hashable {
        var code: DiagnosticCode
        var position: SourcePosition?
    }
}
