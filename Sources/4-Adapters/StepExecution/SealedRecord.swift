// SPDX-License-Identifier: Apache-2.0

package import Crypto
package import Diagnostics
import SealedStorage
import StructuredData

/// A job's record of what its steps handed on: outputs, environment and masks, encrypted, appended to only.
package final class SealedRecord {
    private let log: SealedLog

    /// - Parameters:
    ///   - path: made with the first frame.
    ///   - job: which job of which run it is; a frame of another job is not accepted.
    package init(path: String, key: SymmetricKey, job: String) {
        log = SealedLog(path: path, key: key, name: job)
    }

    /// The frames that are there. To be called before the first ``append(_:)`` where the file may exist.
    package func frames() throws(DiagnosticError) -> [RecordFrame] {
        var frames: [RecordFrame] = []
        for text in try log.entries() {
            guard let data = try? DataValue(json: text), let frame = try? RecordFrame(data: data) else {
                throw DiagnosticError(
                    .sealedRecord, "The job's record '\(log.path)' holds what this version does not know.",
                    remedy: "Resume the run with the version that began it.")
            }
            frames.append(frame)
        }
        return frames
    }

    /// Seals and appends a frame; it outlives this process when the call returns.
    ///
    /// - Returns: the frame's digest, in hexadecimal.
    @discardableResult
    package func append(_ frame: RecordFrame) throws(DiagnosticError) -> String {
        var text: [UInt8] = []
        frame.data.appendJSON(to: &text)
        return try log.append(text)
    }
}
