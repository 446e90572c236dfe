// SPDX-License-Identifier: Apache-2.0

import Foundation
import GitHubWorkflows
import Testing
import YAMLReading

@Suite struct WorkflowSchemaTests {
    @Test func everyReferenceInTheTableResolves() {
        let schema = WorkflowSchema.current
        for definition in schema.definitions {
            var names: [String] = []
            switch definition.kind {
            case .sequence(let item): names = [item]
            case .oneOf(let alternatives): names = alternatives
            case .mapping(let mapping):
                names = mapping.properties.map(\.type) + [mapping.looseKey, mapping.looseValue].compactMap { $0 }
            default: break
            }
            for name in names { #expect(schema.find(name) != nil, "\(definition.name) names '\(name)'") }
        }
    }

    @Test func noNameIsDefinedTwice() {
        let names = WorkflowSchema.current.definitions.map(\.name)
        #expect(Set(names).count == names.count)
    }

    @Test func alternativeMappingsAgreeOnTheTypesOfSharedKeys() {
        let schema = WorkflowSchema.current
        for definition in schema.definitions {
            var types: [String: String] = [:]
            for alternative in schema.alternatives(of: definition) {
                guard case .mapping(let mapping) = alternative.kind else { continue }
                for property in mapping.properties {
                    #expect(types[property.name, default: property.type] == property.type, "\(definition.name)")
                    types[property.name] = property.type
                }
            }
        }
    }

    @Test func theWalkNamesDefinitionPathAndContextsOfEachNode() throws {
        let text = """
            on: push
            jobs:
              build:
                runs-on: x
                steps:
                  - run: echo
                    env: { A: b }
            """
        let root = try #require(try YAMLReader.read(Array(text.utf8)).root)
        var seen: [String: SchemaNode] = [:]
        SchemaWalk().walk(root) { place in
            if !place.isKey { seen[place.path.joined(separator: ".")] = place }
            return .enter
        }
        #expect(seen["on"]?.definition.name == "on")
        #expect(seen["jobs.build"]?.definition.name == "job-factory")
        #expect(seen["jobs.build.steps.0"]?.definition.name == "run-step")
        #expect(seen["jobs.build.steps.0.run"]?.definition.name == "string-steps-context")
        #expect(seen["jobs.build.steps.0.run"]?.availability.contexts.contains(.steps) == true)
        #expect(seen["jobs.build.steps.0.run"]?.availability.functions == .hashFiles)
        #expect(seen["on"]?.availability.allowsExpressions == false)
        #expect(seen["jobs.build.runs-on"]?.availability.contexts.names.contains("secrets") == false)
    }

    @Test func theWalkGoesOnInFaultyFiles() throws {
        let root = try #require(try YAMLReader.read(Array("jobs: { a: { stepz: [{ run: x }] } }".utf8)).root)
        var paths: [String] = []
        SchemaWalk().walk(root) { place in
            paths.append(place.path.joined(separator: "."))
            return .enter
        }
        #expect(paths.contains("jobs.a.stepz.0.run"))
    }
}

@Suite struct SchemaReferenceTests {
    /// `BLESS=1` writes the page anew.
    @Test func theManualsPageOfKeysIsCurrent() throws {
        let page = URL(filePath: #filePath).appending(path: "../../../docs/reference/workflow-keys.md").standardized
        let wanted = SchemaReference.page()
        if ProcessInfo.processInfo.environment["BLESS"] == "1" {
            try Data(wanted.utf8).write(to: page)
        }
        #expect(String(decoding: try Data(contentsOf: page), as: UTF8.self) == wanted)
    }
}
