// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// The named contexts of an evaluation; names are found in any case.
package struct ExpressionContexts: Sendable {
    package typealias Supplier = @Sendable () throws(ExpressionError) -> DataValue

    enum Source: Sendable {
        case value(DataValue)
        case supplier(Supplier)
    }

    private var sources: [String: Source] = [:]

    package init() {}

    package init(_ values: some Sequence<(String, DataValue)>) {
        for (name, value) in values where sources[name.lowercased()] == nil {
            sources[name.lowercased()] = .value(value)
        }
    }

    /// A context whose value is at hand. `nil` for one that is absent or supplied on demand.
    package subscript(name: String) -> DataValue? {
        get { if case .value(let value) = sources[name.lowercased()] { value } else { nil } }
        set { sources[name.lowercased()] = newValue.map(Source.value) }
    }

    /// Names a context whose value is asked for when an expression first reads it, once an evaluation.
    package mutating func supply(_ name: String, _ supplier: @escaping Supplier) {
        sources[name.lowercased()] = .supplier(supplier)
    }

    /// In lower case.
    package var names: some Sequence<String> { sources.keys }

    func source(_ lowercasedName: String) -> Source? { sources[lowercasedName] }
}
