// SPDX-License-Identifier: Apache-2.0

public import StructuredData

extension StepResult: DataRepresentable {
    public var data: DataValue {
        var object: DataObject = ["outcome": .string(outcome.rawValue)]
        if conclusion != outcome { object["conclusion"] = .string(conclusion.rawValue) }
        object.set("exitCode", exitCode.map { .number(Double($0)) })
        object.set("reason", reason?.data)
        if !outputNames.isEmpty { object["outputs"] = .array(outputNames.map { .string($0) }) }
        object.set("record", recordDigest.map { .string($0) })
        if logLines != 0 { object["logLines"] = .number(Double(logLines)) }
        object.set("log", logDigest.map { .string($0) })
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        let outcome = try data.required("outcome") { $0.string.flatMap(Conclusion.init(rawValue:)) }
        self.init(
            outcome: outcome, conclusion: data["conclusion"]?.string.flatMap(Conclusion.init(rawValue:)),
            exitCode: data["exitCode"]?.int,
            reason: try data["reason"].map { value throws(DataShapeError) in try Reason(data: value) })
        outputNames = data.strings("outputs")
        recordDigest = data["record"]?.string
        logLines = data["logLines"]?.int ?? 0
        logDigest = data["log"]?.string
    }
}
