// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import WebPages

/// Style sheet, modules and drawings. An address holds a digest of what it gives, so that it may be kept for ever.
enum AssetRoutes {
    static var routes: [Route] {
        [
            route("/assets/{name}") { WebAssets.find(path: $0.inbound.path) },
            // What browsers ask for by themselves.
            route("/favicon.svg", isNamed: false) { _ in WebAssets.named("favicon.svg") },
            route("/favicon.ico", isNamed: false) { _ in WebAssets.named("favicon.svg") },
        ]
    }

    private static let standingSeconds = 3_600
    /// What the names of their operations begin with.
    static let operation = "asset "

    /// - Parameter isNamed: whether the address names the content, and not only the thing.
    private static func route(
        _ template: String, isNamed: Bool = true, _ find: @escaping @Sendable (APIRequest) -> WebAsset?
    ) -> Route {
        Route(
            method: "GET", template: template, operation: "\(Self.operation)\(template)",
            summary: "A file of the pages.",
            guardian: .open, answers: [200: ""], isDocumented: false
        ) { (request) throws(DiagnosticError) in
            guard let asset = find(request) else {
                throw DiagnosticError(.routeUnknown, "There is no file '\(request.parameter("name"))'.")
            }
            let cache = isNamed ? WebAssets.cacheControl : "public, max-age=\(standingSeconds)"
            var headers = PageHeaders.security
            headers.add("Cache-Control", cache)
            headers.add("ETag", asset.entityTag)
            let known = request.inbound.headers["If-None-Match"] ?? ""
            if EntityTag.isNamed(asset.entityTag, in: known, weakly: true) {
                return OutboundAnswer(status: 304, headers: headers)
            }
            headers.add("Content-Type", asset.contentType)
            return OutboundAnswer(status: 200, headers: headers, content: .bytes(asset.bytes))
        }
    }
}
