// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StructuredData

extension DataObject {
    /// An object of the entries that have a value.
    package init(present pairs: KeyValuePairs<String, DataValue?>) {
        self.init()
        for (key, value) in pairs { set(key, value) }
    }
}

extension DataValue {
    package static func present(_ pairs: KeyValuePairs<String, DataValue?>) -> DataValue {
        .object(DataObject(present: pairs))
    }

    package static func int(_ value: Int) -> DataValue { .number(Double(value)) }
    /// Milliseconds since the epoch stay exact until the year 287396.
    package static func time(_ value: Int64) -> DataValue { .number(Double(value)) }
    package static func texts(_ values: [String]) -> DataValue { .array(values.map { .string($0) }) }

    /// `nil` where `isDefault`. (A ternary with `nil` would give `null`, which ``DataValue`` is a literal of.)
    package static func omitted(_ value: DataValue, where isDefault: Bool) -> DataValue? {
        if isDefault { return Optional.none }
        return value
    }

    /// Absent where false.
    package static func flag(_ value: Bool) -> DataValue? { omitted(.bool(true), where: !value) }
    /// `nil` where it is `fallback`.
    package static func int(_ value: Int, unless fallback: Int) -> DataValue? {
        .omitted(.int(value), where: value == fallback)
    }
    package static func texts(nonEmpty values: [String]) -> DataValue? {
        omitted(.texts(values), where: values.isEmpty)
    }

    package func int(_ key: String, default fallback: Int) -> Int { self[key]?.int ?? fallback }
    package func time(_ key: String) -> Int64? { self[key]?.int.map(Int64.init) }

    package func job(_ key: String) throws(DataShapeError) -> JobID { JobID(try string(key)) }
    package func conclusion(_ key: String) throws(DataShapeError) -> Conclusion {
        try required(key) { $0.string.flatMap(Conclusion.init(rawValue:)) }
    }
    package func reason(_ key: String) throws(DataShapeError) -> Reason? {
        guard let value = self[key] else { return nil }
        return try Reason(data: value)
    }
    package func attempt(_ key: String) throws(DataShapeError) -> StepAttempt {
        try required(key) { $0.string.flatMap { StepAttempt($0) } }
    }
}

extension Conclusion {
    package var data: DataValue { .string(rawValue) }
}

extension Reason {
    /// The reason with each text cut to what an event may carry.
    package var bounded: Reason {
        let limit = EngineLimits.reasonBytes
        if text.utf8.count <= limit, values.isEmpty, (expression?.utf8.count ?? 0) <= limit { return self }
        return Reason(
            kind, text.bounded(limit), expression: expression?.bounded(limit),
            values: values.prefix(EngineLimits.reasonValues).map { $0.bounded(limit) })
    }
}

extension String {
    /// At most `limit` bytes of UTF-8, cut between scalars and then ended with `…`.
    package func bounded(_ limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: limit)
        while end > startIndex, UTF8.isContinuation(utf8[end]) { end = utf8.index(before: end) }
        return String(self[..<end]) + "…"
    }
}

extension StepResult {
    package var bounded: StepResult {
        var result = self
        result.reason = reason?.bounded
        if outputNames.count > EngineLimits.outputNames {
            result.outputNames = Array(outputNames.prefix(EngineLimits.outputNames))
        }
        result.outputNames = result.outputNames.map { $0.bounded(EngineLimits.nameBytes) }
        return result
    }
}

extension StatusFlags {
    /// `""`, `"s"`, `"c"` or `"sc"`.
    package var code: String { (isSuccess ? "s" : "") + (isCancelled ? "c" : "") }

    package init(code: String) {
        self.init(isSuccess: code.utf8.contains(UInt8(ascii: "s")), isCancelled: code.utf8.contains(UInt8(ascii: "c")))
    }
}
