// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPMessages

/// Finds the route of a path: a tree of segments.
struct Router: Sendable {
    private final class Node: Sendable {
        let fixed: [Substring: Node]
        let open: (name: String, node: Node)?
        let routes: [String: Route]

        init(_ entries: [(rest: ArraySlice<Substring>, route: Route)]) {
            var ends: [String: Route] = [:]
            var groups: [Substring: [(rest: ArraySlice<Substring>, route: Route)]] = [:]
            var openName = ""
            var opens: [(rest: ArraySlice<Substring>, route: Route)] = []
            for entry in entries {
                guard let first = entry.rest.first else {
                    ends[entry.route.method] = entry.route
                    continue
                }
                if first.hasPrefix("{") {
                    openName = String(first.dropFirst().dropLast())
                    opens.append((entry.rest.dropFirst(), entry.route))
                } else {
                    groups[first, default: []].append((entry.rest.dropFirst(), entry.route))
                }
            }
            routes = ends
            fixed = groups.mapValues { Node($0) }
            open = opens.isEmpty ? nil : (openName, Node(opens))
        }
    }

    enum Finding {
        case route(Route, path: [String: String])
        /// The path is known; these methods it takes.
        case otherMethods([String])
        case none
    }

    private let root: Node

    init(_ routes: [Route]) {
        root = Node(routes.map { ($0.segments[...], $0) })
    }

    func find(_ method: String, _ path: String) -> Finding {
        var segments: [String] = []
        for part in path.split(separator: "/") {
            guard let decoded = FormText.decoded(part) else { return .none }
            segments.append(decoded)
        }
        var values: [String: String] = [:]
        guard let node = walk(root, segments[...], &values) else { return .none }
        // A HEAD is a GET whose content stays away.
        if let route = node.routes[method] ?? (method == "HEAD" ? node.routes["GET"] : nil) {
            return .route(route, path: values)
        }
        return .otherMethods(node.routes.keys.sorted())
    }

    private func walk(_ node: Node, _ rest: ArraySlice<String>, _ values: inout [String: String]) -> Node? {
        guard let first = rest.first else { return node.routes.isEmpty ? nil : node }
        if let next = node.fixed[first[...]], let found = walk(next, rest.dropFirst(), &values) { return found }
        guard let (name, next) = node.open, let found = walk(next, rest.dropFirst(), &values) else { return nil }
        values[name] = first
        return found
    }
}
