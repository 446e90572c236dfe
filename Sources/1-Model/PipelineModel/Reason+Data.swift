// SPDX-License-Identifier: Apache-2.0

public import StructuredData

extension Reason: DataRepresentable {
    public var data: DataValue {
        var object: DataObject = ["kind": .string(kind.rawValue), "text": .string(text)]
        object.set("expression", expression.map { .string($0) })
        if !values.isEmpty { object["values"] = .array(values.map { .string($0) }) }
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        let kind = try data.required("kind") { $0.string.flatMap(Reason.Kind.init(rawValue:)) }
        self.init(
            kind, try data.string("text"), expression: data["expression"]?.string, values: data.strings("values"))
    }
}
