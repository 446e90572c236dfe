// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// Jobs that a runner takes none of just now, while it takes others: of one project, or that ask for one label.
package struct Holdback: Hashable, Sendable, DataRepresentable {
    /// The project's id; `nil`: of any.
    package var project: String?
    /// In lower case; `nil`: whatever they ask for.
    package var label: String?
    /// In a sentence without its capital letter.
    package var reason: String

    package init(project: String? = nil, label: String? = nil, reason: String) {
        self.project = project
        self.label = label
        self.reason = String(reason.prefix(RunnerLimits.refusalCharacters))
    }

    package func covers(project: String, labels: Set<String>) -> Bool {
        (self.project.map { $0 == project } ?? true) && (label.map { labels.contains($0) } ?? true)
    }

    public var data: DataValue {
        var object: DataObject = ["reason": .string(reason)]
        object.set("project", project.map(DataValue.string))
        object.set("label", label.map(DataValue.string))
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(
            project: data["project"]?.string, label: data["label"]?.string, reason: try data.string("reason"))
        // One that covers everything is a refusal, and is said as such.
        guard project != nil || label != nil else { throw DataShapeError("what is held back") }
    }
}

/// "I have this job, and it waits": for room, an image, or whatever else stands before its first step.
package struct LeaseWait: Hashable, Sendable, DataRepresentable {
    package var lease: LeaseKey
    /// In a sentence.
    package var reason: String

    package init(_ lease: LeaseKey, reason: String) {
        self.lease = lease
        self.reason = String(reason.prefix(RunnerLimits.refusalCharacters))
    }

    public var data: DataValue { ["lease": lease.data, "reason": .string(reason)] }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(try LeaseKey(data: data["lease"] ?? .null), reason: try data.string("reason"))
    }
}
