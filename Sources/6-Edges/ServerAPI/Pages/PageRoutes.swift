// SPDX-License-Identifier: Apache-2.0

internal import ServerOperation

/// Everything that browsers are shown.
struct PageRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        AssetRoutes.routes + OverviewRoutes(server: server).routes + ProjectPageRoutes(server: server).routes
            + RunPageRoutes(server: server).routes + RunFormRoutes(server: server).routes
            + ApprovalPageRoutes(server: server).routes + PublicRoutes(server: server).routes
            + PreferenceRoutes(server: server).routes + PaletteRoutes(server: server).routes
            + [PageProblems(server: server).route]
    }
}
