// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import HTTPServing
import PipelineModel
import StructuredData
import TestFolders
import Testing

@testable import ServerAPI
@testable import ServerOperation

/// What cannot be counted with is refused where it comes in: a sum that does not fit ends the process.
@Suite("Numbers that people write into addresses and bodies", .ownFolders)
struct NumberTests {
    private static let hostile = [
        String(Int.max), String(Int.min), "9223372036854775808", "4294967296", "2147483648", "-1", "0", "1e999", "",
    ]

    /// Every name of a query's field that pages and routes know, whether it is a number or not.
    private static func names(_ door: ServerDoor) -> [String] {
        let ofPages = ["page", "before", "from", "state", "branch", "workflow", "metric", "view", "fragment", "open"]
        return Set(door.routes.flatMap { $0.query.map(\.name) } + ofPages).sorted()
    }

    private static let words = [
        "project": "team%2Fshop", "job": "test%231", "step": "1", "stepAttempt": "1", "run": "1", "attempt": "1",
        "environment": "prod", "account": "root", "name": "X", "file": "team%2Fshop.svg",
    ]

    /// A route's path with what is there; one of its parameters in another's place.
    private static func path(_ route: Route, _ odd: (name: String, value: String)? = nil) -> String {
        route.segments.map { segment in
            guard segment.hasPrefix("{") else { return String(segment) }
            let name = String(segment.dropFirst().dropLast())
            if let odd, odd.name == name { return FormText.encoded(odd.value) }
            return words[name] ?? "1"
        }.reduce("") { $0 + "/" + $1 }
    }

    private func status(_ folder: PageFolder, _ method: String, _ target: String, _ body: String = "") async -> Int {
        var headers: HTTPHeaders = [("Authorization", "Bearer \(folder.token)"), ("Accept", "text/html,*/*")]
        if !body.isEmpty { headers.add("Content-Type", "application/json") }
        let answer = await folder.served.door.answer(
            InboundRequest(method, target, headers: headers, body: Array(body.utf8), peer: "192.0.2.1"))
        // What is told while it happens has no end of its own.
        if case .events = answer.content { return answer.status }
        return await Reply(answer).status
    }

    private func served() async throws -> PageFolder {
        let folder = try await PageFolder(PagesOfRunsTests.failing) { $0.requestsPerMinute = 10_000_000 }
        try await folder.withRunner { try await folder.end(of: try await folder.begin()) }
        return folder
    }

    @Test("In no path and no query is there a number that a route or a page fails at")
    func addresses() async throws {
        let folder = try await served()
        let door = folder.served.door
        let names = Self.names(door)
        #expect(door.routes.count > 120 && names.count > 25)
        for route in door.routes
        where route.method == "GET" || route.method == "POST" && route.template.contains("{run}") {
            let places = route.segments.filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
            let isPage = !route.isDocumented && route.method == "GET"
            for value in Self.hostile {
                for place in places {
                    let target = Self.path(route, (place, value))
                    let status = await status(folder, route.method, target)
                    #expect(status < 500, "\(route.method) \(target): \(status)")
                }
                guard route.method == "GET" else { continue }
                for name in isPage ? names : route.query.map(\.name) {
                    let views = name == "page" && route.template.hasPrefix("/runs/") ? "view=tests&" : ""
                    let target = "\(Self.path(route))?\(views)\(name)=\(FormText.encoded(value))"
                    let status = await status(folder, "GET", target)
                    #expect(status < 500, "\(target): \(status)")
                }
            }
            for number in [Int.max, Int.min, -1, 0] where route.query.contains(where: { $0.name == "cursor" }) {
                for cursor in ["c" + String(number, radix: 36), "\(number).1", "1.\(number)", "\(number).\(number)"] {
                    let target = "\(Self.path(route))?q=a&cursor=\(cursor)"
                    let status = await status(folder, "GET", target)
                    #expect(status < 500, "\(target): \(status)")
                }
            }
        }
        #expect(await folder.page("/healthz").status == 200)
    }

    /// What a schema asks for, and no more.
    private static func least(_ schema: DataValue) -> DataValue {
        if let name = schema["$ref"]?.string?.split(separator: "/").last {
            return least(APISchemas.all[String(name)] ?? [:])
        }
        if let first = schema["enum"]?.array?.first { return first }
        switch schema["type"]?.string {
        case "integer", "number": return .number(schema["minimum"]?.number ?? 1)
        case "boolean": return false
        case "array": return .array((0..<(schema["minItems"]?.int ?? 0)).map { _ in least(schema["items"] ?? [:]) })
        case "object":
            let wanted = schema["required"]?.array?.compactMap(\.string) ?? []
            return .object(DataObject(wanted.map { ($0, least(schema["properties"]?[$0] ?? [:])) }))
        default: return "x"
        }
    }

    @Test("In no body is there a number that a route fails at, or that it shows wrongly later")
    func bodies() async throws {
        let folder = try await served()
        let door = folder.served.door
        let made = await folder.served.ask(
            "PUT", "/api/v1/projects/team%2Fshop/environments/prod", token: folder.token, json: [:])
        #expect(made.status == 200)
        var count = 0
        for route in door.routes {
            guard let body = route.body, let schema = APISchemas.all[body] else { continue }
            let numbers = (schema["properties"]?.object ?? [:]).filter { _, schema in
                let types =
                    [schema["type"]?.string].compactMap { $0 } + (schema["type"]?.array?.compactMap(\.string) ?? [])
                return types.contains("integer") || types.contains("number")
            }.map(\.0)
            for name in numbers {
                for value in ["9223372036854775807", "-9223372036854775808", "4611686018427387904", "-1", "0", "1e308"]
                {
                    var object = Self.least(schema).object ?? [:]
                    object[name] = try DataValue(json: Array(value.utf8))
                    count += 1
                    let text = DataValue.object(object).jsonText()
                    let status = await status(folder, route.method, Self.path(route), text)
                    #expect(status < 500, "\(route.method) \(route.template) \(text): \(status)")
                }
            }
        }
        #expect(count > 20)
        for route in door.routes where route.method == "GET" && !route.isLive {
            let status = await status(folder, "GET", Self.path(route))
            #expect(status < 500, "\(route.template): \(status)")
        }
    }
}
