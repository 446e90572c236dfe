// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// The feed that tray programs and wall screens read: `cc.xml`.
///
/// Source: the CCTray format of CruiseControl: `activity` is Sleeping, Building or CheckingModifications, `lastBuildStatus`
/// Success, Failure, Exception or Unknown.
package struct CCTray: Sendable {
    package struct Project: Sendable {
        /// `widget CI (main)`.
        package var name: String
        /// How it stands now.
        package var state: RunState
        /// How the last finished run ended.
        package var lastState: RunState?
        package var lastRun: Int?
        package var lastFinishedAt: Timestamp?
        /// An address with its host: tray programs open it in a browser.
        package var address: String

        package init(
            name: String, state: RunState, lastState: RunState?, lastRun: Int?, lastFinishedAt: Timestamp?,
            address: String
        ) {
            self.name = name
            self.state = state
            self.lastState = lastState
            self.lastRun = lastRun
            self.lastFinishedAt = lastFinishedAt
            self.address = address
        }
    }

    package static let contentType = "application/xml; charset=utf-8"

    package var projects: [Project]

    package init(projects: [Project]) { self.projects = projects }

    package func xml() -> [UInt8] {
        var bytes = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Projects>\n".utf8)
        for project in projects {
            bytes += Array("  <Project".utf8)
            for (name, value) in fields(project) {
                bytes += Array(" \(name)=\"".utf8)
                Escaping.append(value, to: &bytes)
                bytes.append(UInt8(ascii: "\""))
            }
            bytes += Array("/>\n".utf8)
        }
        return bytes + Array("</Projects>\n".utf8)
    }

    private func fields(_ project: Project) -> [(String, String)] {
        let status =
            switch project.lastState {
            case .passed?: "Success"
            case .failed?: "Failure"
            case .cancelled?: "Exception"
            default: "Unknown"
            }
        return [
            ("name", project.name), ("activity", project.state.isFinished ? "Sleeping" : "Building"),
            ("lastBuildStatus", status), ("lastBuildLabel", project.lastRun.map(String.init) ?? ""),
            ("lastBuildTime", project.lastFinishedAt?.description ?? ""), ("webUrl", project.address),
        ]
    }
}
