// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import StructuredData
internal import Timekeeping

/// The struct inside an event of the directory, with a form that is read for ever.
package protocol DirectoryPayload: Hashable, Sendable, DataRepresentable {
    /// Past tense, never renamed.
    static var typeName: String { get }
    /// The newest version, which is what is written; raised when a payload's meaning changes.
    static var version: Int { get }
    /// Where it happened, which is whose audit log shows it.
    var place: AccessTarget { get }
    /// What it was done to: `account ada`.
    func subject(_ names: EntryNames) -> String
    /// What was done, after the actor's name: `gave ada the role run in web`.
    func words(_ names: EntryNames) -> String
}

extension DirectoryPayload {
    package static var version: Int { 1 }
    package var place: AccessTarget { .server }

    /// Reads one payload, or says which event cannot be read.
    package static func read(version: Int, _ payload: DataValue) throws(DiagnosticError) -> Self {
        guard (1...Self.version).contains(version) else { throw .unknownDirectoryEvent(typeName, version: version) }
        do {
            return try Self(data: payload)
        } catch {
            throw DiagnosticError(
                .malformedDirectoryEvent,
                "The event \(typeName) of the directory cannot be read: \(error.description).",
                remedy: "The journal was written by something else or is damaged; run `martlet doctor`.")
        }
    }
}

extension DiagnosticError {
    static func unknownDirectoryEvent(_ name: String, version: Int) -> DiagnosticError {
        DiagnosticError(
            .unknownDirectoryEvent,
            "The directory holds an event that this version of Martlet does not know: \(name), version \(version).",
            remedy: "Use the newer Martlet that wrote it.")
    }
}

/// How entries are called; what was removed keeps its last name.
package typealias EntryNames = (EntryID) -> String

extension DataValue {
    /// An object of the entries that have a value.
    static func present(_ pairs: KeyValuePairs<String, DataValue?>) -> DataValue {
        var object = DataObject()
        for (key, value) in pairs { object.set(key, value) }
        return .object(object)
    }

    static func int(_ value: Int) -> DataValue { .number(Double(value)) }
    static func texts(_ values: [String]) -> DataValue { .array(values.map { .string($0) }) }
    /// Milliseconds since the epoch.
    static func time(_ value: Timestamp) -> DataValue { .number(Double(value.milliseconds)) }
    static func id(_ value: EntryID) -> DataValue { .string(value.description) }
    static func text(_ value: String?) -> DataValue? { value.map { .string($0) } }
    static func id(_ value: EntryID?) -> DataValue? { value.map { .string($0.description) } }
    /// Absent where false. (A ternary with `nil` would give `null`, which ``DataValue`` is a literal of.)
    static func flag(_ value: Bool) -> DataValue? {
        if value { return .bool(true) }
        return Optional.none
    }
    static func texts(nonEmpty values: [String]) -> DataValue? {
        if values.isEmpty { return Optional.none }
        return texts(values)
    }

    func time(_ key: String) -> Timestamp? { self[key]?.int.map { Timestamp(milliseconds: Int64($0)) } }
    func id(_ key: String, _ kind: EntryID.Kind) throws(DataShapeError) -> EntryID {
        try required(key) { $0.string.flatMap { EntryID($0) }.flatMap { $0.kind == kind ? $0 : nil } }
    }
    func optionalID(_ key: String) -> EntryID? { self[key]?.string.flatMap { EntryID($0) } }
    func int(_ key: String, default fallback: Int) -> Int { self[key]?.int ?? fallback }
    func value<Value>(_ key: String) throws(DataShapeError) -> Value
    where Value: RawRepresentable, Value.RawValue == String {
        try required(key) { $0.string.flatMap { Value(rawValue: $0) } }
    }
    func part<Value: DataRepresentable>(_ key: String) throws(DataShapeError) -> Value {
        try Value(data: self[key] ?? .null)
    }
}

extension String {
    /// At most `limit` bytes of UTF-8, cut between scalars and then ended with `…`.
    func bounded(_ limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: limit)
        while end > startIndex, UTF8.isContinuation(utf8[end]) { end = utf8.index(before: end) }
        return String(self[..<end]) + "…"
    }
}
