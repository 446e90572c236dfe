// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// Reads action manifests (`action.yml`).
package enum ActionManifestReader {
    /// What came of a reading.
    package struct Result: Sendable {
        /// `nil` where there is an error among ``diagnostics``.
        package var manifest: ActionManifest?
        package var diagnostics: [Diagnostic]
    }

    /// - Parameters:
    ///   - text: The bytes of the file.
    ///   - path: Its name in messages.
    package static func read(
        _ text: [UInt8], path: String, options: WorkflowOptions = WorkflowOptions()
    ) -> Result {
        var reading = FileReading(options: options, log: ReadingLog(limits: options.limits))
        guard let root = reading.read(text, path: path, as: WorkflowSchema.actionRoot), reading.log.errorCount == 0
        else { return Result(manifest: nil, diagnostics: reading.log.diagnostics) }
        var conversion = WorkflowConversion(log: reading.log)
        let manifest = conversion.actionManifest(root, path: path)
        let log = conversion.log
        return Result(manifest: log.errorCount == 0 ? manifest : nil, diagnostics: log.diagnostics)
    }
}
