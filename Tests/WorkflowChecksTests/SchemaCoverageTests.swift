// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import GitHubWorkflows
import Testing

@testable import WorkflowChecks

/// The lint has shapes of its own beside the reader's schema: what the reader takes, the lint must know.
@Suite("The lint knows all that the schema has")
struct SchemaCoverageTests {
    @Test("Every key and word of a workflow file")
    func workflowFile() {
        var walk = CoverageWalk()
        walk.compare(WorkflowSchema.workflowRoot, WorkflowShapes.root, "")
        #expect(walk.missing.isEmpty, "\(walk.missing)")
        #expect(walk.compared > 100)
    }

    @Test("Every key of every event")
    func events() throws {
        var walk = CoverageWalk()
        guard case .mapping(let events) = WorkflowSchema.current["on-mapping"].kind else {
            Issue.record("'on-mapping' is no mapping")
            return
        }
        for event in events.properties { walk.compare(event.type, EventShapes.shape(of: event.name), event.name) }
        #expect(walk.missing.isEmpty, "\(walk.missing)")
        #expect(events.properties.count > 30)
    }

    @Test("A mapping that is put in is no key that nobody knows")
    func insertedMappings() {
        let text = """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                env:
                  ${{ insert }}: ${{ fromJSON(vars.all) }}
                cache-mode: read
                steps:
                  - run: make
                    env: { '${{ insert }}': '${{ nope.x }}' }
            """
        let found = WorkflowLint.check(Array(text.utf8), path: nil)
        #expect(found.map(\.code) == [.unknownContext])
    }
}

private struct CoverageWalk {
    var missing: [String] = []
    var compared = 0
    private var seen: Set<String> = []

    mutating func compare(_ definition: String, _ shape: Shape, _ path: String) {
        if shape.isOpaque { return }
        if case .innerStep = shape.mark { return compare(definition, WorkflowShapes.step, path) }
        guard seen.insert("\(definition) \(shape.name)").inserted else { return }
        let schema = WorkflowSchema.current
        for alternative in schema.alternatives(of: schema[definition]) {
            switch alternative.kind {
            case .mapping(let mapping): compare(mapping, shape, path)
            case .sequence(let item):
                guard let itemShape = shape.items.first else {
                    // The reader takes any list under a matrix key; what it takes elsewhere is named.
                    missing.append("\(path): a list")
                    continue
                }
                compare(item, itemShape, path + "[]")
            case .string(let string):
                guard case .words(let words) = shape.scalar else { continue }
                compared += 1
                missing += string.allowed.filter { !words.contains($0) }.map { "\(path): the word \($0)" }
            default: break
            }
        }
    }

    private mutating func compare(_ mapping: SchemaMapping, _ shape: Shape, _ path: String) {
        guard let section = shape.section.first else {
            missing.append("\(path): a mapping")
            return
        }
        for property in mapping.properties {
            compared += 1
            if let field = section.fields.first(where: { $0.key == property.name }) {
                compare(property.type, field.shape, "\(path).\(property.name)")
            } else if section.entry.isEmpty {
                missing.append("\(path).\(property.name)")
            }
        }
        guard let value = mapping.looseValue else { return }
        if let entry = section.entry.first {
            compare(value, entry, path + ".*")
        } else {
            missing.append("\(path): keys of one's own")
        }
    }
}
