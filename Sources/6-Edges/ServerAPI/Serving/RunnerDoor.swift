// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
package import HTTPServing

/// The server's own runner comes in here, where no certificate stands before it: nobody else finds anything.
package struct RunnerDoor: Sendable {
    private let door: ServerDoor

    private static let prefix = "/runner/"

    package init(_ door: ServerDoor) { self.door = door }

    package func answer(_ inbound: InboundRequest) async -> OutboundAnswer {
        guard inbound.path.hasPrefix(Self.prefix) else {
            return APIProblem.answer(DiagnosticError(.routeUnknown, "There is nothing here but \(Self.prefix)."))
        }
        return await door.answer(inbound)
    }
}
