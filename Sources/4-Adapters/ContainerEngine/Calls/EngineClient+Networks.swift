// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import NIOHTTP1
internal import StructuredData

/// What an engine tells about a network.
package struct NetworkReport: Hashable, Sendable {
    package var id: String
    package var name: String
    package var driver: String
    package var labels: [String: String]
    /// `172.18.0.0/16`.
    package var subnets: [String]
    /// By which its containers reach the machine of the engine.
    package var gateways: [String]
    /// Names of the containers in it, by their ids; a list of networks does not have them.
    package var containers: [String: String]

    init(_ data: DataValue) throws(DataShapeError) {
        id = try data.string("Id")
        name = try data.string("Name")
        driver = data["Driver"]?.string ?? ""
        labels = data["Labels"]?.stringMap ?? [:]
        subnets = (data["IPAM"]?["Config"]?.array ?? []).compactMap { $0["Subnet"]?.string }
        gateways = (data["IPAM"]?["Config"]?.array ?? []).compactMap { $0["Gateway"]?.string }
        containers = [:]
        for (id, member) in data["Containers"]?.object ?? [:] { containers[id] = member["Name"]?.string ?? "" }
    }
}

extension EngineClient {
    /// A network of its own, in which containers find each other by name.
    ///
    /// - Parameter isInternal: it leads nowhere else.
    /// - Returns: its id.
    /// - Throws: ``DiagnosticCode/engineConflict`` where the name is taken.
    package func createNetwork(
        _ name: String, labels: [String: String] = [:], driver: String = "bridge", isInternal: Bool = false,
        _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) -> String {
        let request = EngineRequest(
            .POST, "/networks/create",
            json: [
                "Name": .string(name), "Driver": .string(driver), "Labels": .strings(labels), "CheckDuplicate": true,
                "Internal": .bool(isInternal),
            ])
        let data = try json(request, .change, call)
        guard let id = data["Id"]?.string else {
            throw EngineFailure.unreadable(request.summary, "it names no network")
        }
        return id
    }

    package func inspectNetwork(_ id: String, _ call: EngineCall = EngineCall()) throws(DiagnosticError)
        -> NetworkReport
    {
        try shaped(EngineRequest(.GET, "/networks/\(id.pathEncoded)"), call) { data throws(DataShapeError) in
            try NetworkReport(data)
        }
    }

    package func connect(
        _ container: String, to network: String, aliases: [String] = [], _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) {
        let body: DataValue = [
            "Container": .string(container), "EndpointConfig": ["Aliases": .strings(aliases)],
        ]
        try done(EngineRequest(.POST, "/networks/\(network.pathEncoded)/connect", json: body), .change, call)
    }

    package func disconnect(
        _ container: String, from network: String, force: Bool = false, _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) {
        let body: DataValue = ["Container": .string(container), "Force": .bool(force)]
        try done(EngineRequest(.POST, "/networks/\(network.pathEncoded)/disconnect", json: body), .change, call)
    }

    package func removeNetwork(_ id: String, _ call: EngineCall = EngineCall()) throws(DiagnosticError) {
        try done(EngineRequest(.DELETE, "/networks/\(id.pathEncoded)"), .change, call)
    }
}
