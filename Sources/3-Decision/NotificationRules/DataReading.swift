// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import StructuredData
internal import Timekeeping

extension DataValue {
    /// An object of the entries that have a value.
    static func entries(_ pairs: KeyValuePairs<String, DataValue?>) -> DataValue {
        var object = DataObject()
        for (key, value) in pairs { object.set(key, value) }
        return .object(object)
    }

    static func whole(_ number: Int) -> DataValue { .number(Double(number)) }
    static func moment(_ time: Timestamp) -> DataValue { .number(Double(time.milliseconds)) }
    /// Absent where false.
    static func only(_ flag: Bool) -> DataValue? { flag ? .some(.bool(true)) : Optional.none }

    func moment(_ key: String) -> Timestamp? { self[key]?.int.map { Timestamp(milliseconds: Int64($0)) } }
    func requiredMoment(_ key: String) throws(DataShapeError) -> Timestamp {
        try required(key) { $0.int.map { Timestamp(milliseconds: Int64($0)) } }
    }
    func conclusion(_ key: String) -> Conclusion? { self[key]?.string.flatMap(Conclusion.init(rawValue:)) }
}
