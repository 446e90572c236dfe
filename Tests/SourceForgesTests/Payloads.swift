// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import HTTPMessages
import SourceForges
import StructuredData
import Testing
import Timekeeping

/// The payloads of `Fixtures/webhooks`.
enum Payloads {
    static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures/webhooks")

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appendingPathComponent(name + ".json")))
    }

    static func object(_ name: String) throws -> DataObject {
        try #require(try DataValue(json: try bytes(name)).object)
    }

    /// Names without their ends, `push` of `gitlab/push.json`.
    static func names(_ forge: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent(forge).path)
            .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }

    /// What the forge says beside the body.
    static func headers(_ forge: ForgeKind, _ name: String) -> HTTPHeaders {
        switch forge {
        case .github:
            let events = ["push", "pull-request", "ping", "create", "delete", "release", "issue-comment"]
            let event = events.first { name == $0 || name.hasPrefix($0 + "-") } ?? name
            return ["X-GitHub-Event": event.replacingOccurrences(of: "-", with: "_"), "X-GitHub-Delivery": "d-1"]
        case .gitlab: return ["X-Gitlab-Event": "Some Hook", "Idempotency-Key": "i-1"]
        case .gitea:
            let events = ["push", "pull-request", "create", "delete", "release", "issue-comment", "wiki"]
            var event = events.first { name == $0 || name.hasPrefix($0 + "-") } ?? name
            if name == "pull-request-approved" { event = "pull_request_approved" }
            return [
                "X-Gitea-Event": event.replacingOccurrences(of: "-", with: "_"), "X-Gitea-Delivery": "g-1",
                "X-GitHub-Event": "push",
            ]
        case .git: return []
        }
    }

    static func delivery(_ path: String) throws -> ForgeDelivery {
        let parts = path.split(separator: "/").map(String.init)
        let forge = try #require(ForgeKind(rawValue: parts[0]))
        return try ForgeDelivery(headers(forge, parts[1]), body: try bytes(path), forge: forge)
    }

    static func event(_ path: String) throws -> ForgeEvent {
        let delivery = try delivery(path)
        #expect(delivery.events.count == 1)
        return try #require(delivery.events.first)
    }
}

extension [String: String] {
    var headers: HTTPHeaders { HTTPHeaders(map { HTTPHeaders.Field($0.key, $0.value) }) }
}

let now = Timestamp(milliseconds: 1_772_355_600_000)
let commitA = "aaaaaaaa" + String(repeating: "1", count: 32)
let commitB = "bbbbbbbb" + String(repeating: "2", count: 32)
let commitC = "cccccccc" + String(repeating: "3", count: 32)
let commitD = "dddddddd" + String(repeating: "4", count: 32)
let noCommit = String(repeating: "0", count: 40)

/// The code of what is thrown; `nil` where nothing is.
func code(of work: () throws -> Void) -> DiagnosticCode? {
    do {
        try work()
        return nil
    } catch let error as DiagnosticError {
        return error.diagnostic.code
    } catch {
        return nil
    }
}

extension DataValue {
    /// `a.b.c`, where there is one.
    func at(_ path: String) -> DataValue? {
        path.split(separator: ".").reduce(Optional(self)) { value, key in value?[String(key)] }
    }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.map { Field($0.0, $0.1) })
    }
}
