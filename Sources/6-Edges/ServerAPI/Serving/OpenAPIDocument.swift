// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import StructuredData

/// The API's description, made from the route table: what is not in the table is not described, and what is described is
/// served.
///
/// Source: OpenAPI 3.1.
enum OpenAPIDocument {
    static func route(of routes: [Route]) -> Route {
        let bytes = Array(document(routes).jsonText().utf8)
        return Route(
            method: "GET", template: "/api/v1/openapi.json", operation: "describe",
            summary: "This description.", guardian: .open, answers: [200: ""]
        ) { (_) throws(DiagnosticError) in
            OutboundAnswer(
                status: 200, headers: [("Content-Type", "application/json"), ("Cache-Control", "max-age=60")],
                content: .bytes(bytes))
        }
    }

    static func document(_ routes: [Route]) -> DataValue {
        var paths = DataObject()
        for route in routes where route.isDocumented {
            var methods = paths[route.template]?.object ?? DataObject()
            methods[route.method.lowercased()] = operation(route)
            paths[route.template] = .object(methods)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Martlet", "version": "1",
                "description": "Runs, logs, approvals and people of a Martlet server.",
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "servers": [["url": "/"]],
            "security": [["token": []]],
            "paths": .object(paths),
            "components": [
                "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
                "schemas": .object(schemas(routes)),
            ],
        ]
    }

    /// Those of bodies have no keys but those that they name: what is sent is checked against them.
    private static func schemas(_ routes: [Route]) -> DataObject {
        var schemas = APISchemas.all
        for body in routes.compactMap(\.body) { schemas[body] = BodyShape.closed(body) }
        return schemas
    }

    private static func operation(_ route: Route) -> DataValue {
        var object: DataObject = [
            "operationId": .string(route.operation), "summary": .string(route.summary),
            "parameters": .array(parameters(route)), "responses": .object(responses(route)),
        ]
        switch route.guardian {
        case .open, .proof: object["security"] = []
        default: break
        }
        if route.isLive {
            object["description"] = """
                Live with Accept: text/event-stream, or by WebSocket (Upgrade: websocket): each event is a message \
                {"id", "event", "data"}. A session's cookie opens a WebSocket for this server's own pages only.
                """
        }
        if let body = route.body {
            object["requestBody"] = [
                "required": .bool(BodyShape.isRequired(body)),
                "content": ["application/json": ["schema": ["$ref": .string("#/components/schemas/\(body)")]]],
            ]
        }
        return .object(object)
    }

    private static func parameters(_ route: Route) -> [DataValue] {
        let path: [DataValue] = route.segments.filter { $0.hasPrefix("{") }.map { segment in
            let name = String(segment.dropFirst().dropLast())
            return ["name": .string(name), "in": "path", "required": true, "schema": schema(ofPath: name)]
        }
        return path
            + route.query.map { parameter in
                [
                    "name": .string(parameter.name), "in": "query", "required": .bool(parameter.isRequired),
                    "description": .string(parameter.about), "schema": parameter.schema,
                ]
            }
    }

    private static func schema(ofPath name: String) -> DataValue {
        switch name {
        case "run", "attempt", "stepAttempt": ["type": "integer", "minimum": 1]
        // Of a secret or a variable.
        case "name": ["type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "maxLength": 100]
        default: ["type": "string"]
        }
    }

    private static func responses(_ route: Route) -> DataObject {
        var responses = DataObject()
        for (status, schema) in route.answers.sorted(by: { $0.key < $1.key }) {
            responses[String(status)] = response(status, schema)
        }
        if route.isLive { responses["101"] = ["description": "The connection is a WebSocket now."] }
        for status in problems(route) where responses[String(status)] == nil {
            responses[String(status)] = response(status, "Problem")
        }
        return responses
    }

    /// What can go wrong with any route of its kind.
    private static func problems(_ route: Route) -> [Int] {
        var problems: [Int]
        switch route.guardian {
        case .open: return route.query.isEmpty ? [] : [400]
        case .proof: problems = [400, 401, 413]
        // A run that was removed.
        case .run: problems = [400, 401, 403, 404, 410, 429]
        default: problems = [400, 401, 403, 404, 429]
        }
        if FormCheck.safeMethods.contains(route.method) {
            if route.answers[200]?.isEmpty == false { problems.append(304) }
            if route.isLive { problems.append(426) }
        } else {
            // A key that is used again, a condition that does not hold, content that cannot be taken.
            problems += [409, 412, 422]
            if route.body != nil { problems.append(413) }
        }
        return problems + [503]
    }

    private static func response(_ status: Int, _ schema: String) -> DataValue {
        var object: DataObject = ["description": .string(status < 400 ? "Done." : "Refused.")]
        if !schema.isEmpty, status != 304 {
            let type = schema == "Problem" ? "application/problem+json" : "application/json"
            object["content"] = .object([type: ["schema": ["$ref": .string("#/components/schemas/\(schema)")]]])
        }
        return .object(object)
    }
}
