// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// One cron line of a workflow of the default branch.
package struct ScheduleLine: Hashable, Sendable {
    /// Of the workflow's file.
    package var path: String
    /// As the file has it.
    package var cron: String
    /// An IANA name; `nil`: UTC.
    package var zone: String?

    package init(path: String, cron: String, zone: String? = nil) {
        self.path = path
        self.cron = cron
        self.zone = zone
    }
}

extension ScheduleLine: DataRepresentable {
    package var data: DataValue {
        var object: DataObject = ["path": .string(path), "cron": .string(cron)]
        object.set("zone", zone.map { .string($0) })
        return .object(object)
    }

    package init(data: DataValue) throws(DataShapeError) {
        self.init(path: try data.string("path"), cron: try data.string("cron"), zone: data["zone"]?.string)
    }
}
