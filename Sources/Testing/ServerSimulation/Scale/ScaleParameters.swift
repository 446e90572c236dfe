// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// What a day of an installation costs and brings: figures with their sources, from a file.
package struct ScaleParameters: Sendable {
    package struct Figure: Sendable {
        package var name: String
        package var value: Double
        package var unit: String
        /// `measured`, `derived` or `assumed`.
        package var kind: String
        package var source: String
    }

    package private(set) var figures: [Figure] = []
    private var values: [String: Double] = [:]

    /// Names that the file must have, all of them.
    package static let names = [
        "runsPerDay", "jobsPerRun", "jobSeconds", "jobSecondsSpread", "runners", "peakFactor", "projects",
        "stepsPerJob", "logBytesPerJob", "coresPerServer", "serverLoadLimit", "runCPUMs", "jobCPUMs", "pollCPUMs",
        "peerCPUMs", "logCPUMsPerMiB", "pollWaitMs", "pollRoundMs", "commitsPerRun", "commitsPerJob",
        "commitsPerStep", "jobsPerCommit", "beatStatementsPerSecond", "databaseCommitsPerSecond", "appendMs",
        "databaseLoadLimit", "journalBytesPerRun", "journalBytesPerJob",
    ]

    package struct Unusable: Error, CustomStringConvertible { package var description: String }

    package init(json bytes: [UInt8]) throws {
        let data = try DataValue(json: bytes)
        for item in data["figures"]?.array ?? [] {
            let figure = Figure(
                name: item["name"]?.string ?? "", value: item["value"]?.number ?? .nan,
                unit: item["unit"]?.string ?? "",
                kind: item["kind"]?.string ?? "", source: item["source"]?.string ?? "")
            guard figure.value.isFinite, ["measured", "derived", "assumed"].contains(figure.kind),
                !figure.source.isEmpty
            else { throw Unusable(description: "the figure '\(figure.name)' has no value, kind or source") }
            figures.append(figure)
            values[figure.name] = figure.value
        }
        let missing = Self.names.filter { values[$0] == nil }
        guard missing.isEmpty else { throw Unusable(description: "there is no \(missing.joined(separator: ", "))") }
    }

    package subscript(_ name: String) -> Double {
        get { values[name] ?? .nan }
        set { values[name] = newValue }
    }
}
