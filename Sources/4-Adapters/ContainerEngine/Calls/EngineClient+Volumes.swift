// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import NIOHTTP1
internal import StructuredData

/// What an engine tells about a volume.
package struct VolumeReport: Hashable, Sendable {
    package var name: String
    package var driver: String
    package var labels: [String: String]
    /// On the machine of the engine.
    package var path: String

    init(_ data: DataValue) throws(DataShapeError) {
        name = try data.string("Name")
        driver = data["Driver"]?.string ?? ""
        labels = data["Labels"]?.stringMap ?? [:]
        path = data["Mountpoint"]?.string ?? ""
    }
}

extension EngineClient {
    /// - Parameter name: chosen by the engine where it is `nil`; where there is such a volume, it is that one.
    package func createVolume(
        _ name: String? = nil, labels: [String: String] = [:], _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) -> VolumeReport {
        let body: DataValue = ["Name": .string(name ?? ""), "Labels": .strings(labels)]
        return try shaped(EngineRequest(.POST, "/volumes/create", json: body), call) { data throws(DataShapeError) in
            try VolumeReport(data)
        }
    }

    package func removeVolume(
        _ name: String, force: Bool = false, _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) {
        let query = force ? [("force", "1")] : []
        try done(EngineRequest(.DELETE, "/volumes/\(name.pathEncoded)", query: query), .change, call)
    }
}
