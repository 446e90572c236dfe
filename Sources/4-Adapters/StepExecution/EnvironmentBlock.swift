// SPDX-License-Identifier: Apache-2.0

/// The environment of a process, built once and patched: `NAME=value` entries, found by name.
package struct EnvironmentBlock: Hashable, Sendable {
    /// As a process is given them.
    package private(set) var entries: [String] = []
    private var places: [String: Int] = [:]

    package init() {}

    /// From `NAME=value` texts; of a name that comes twice the last value counts.
    package init(entries: some Sequence<String>) {
        for entry in entries {
            guard let equals = entry.utf8.firstIndex(of: 0x3D), equals > entry.startIndex else { continue }
            put(String(entry[..<equals]), entry)
        }
    }

    package subscript(name: String) -> String? {
        get {
            guard let place = places[name] else { return nil }
            return String(entries[place].utf8.dropFirst(name.utf8.count + 1))
        }
        set {
            if let newValue {
                put(name, name + "=" + newValue)
            } else if let place = places.removeValue(forKey: name) {
                entries.remove(at: place)
                for (other, index) in places where index > place { places[other] = index - 1 }
            }
        }
    }

    package func contains(_ name: String) -> Bool { places[name] != nil }

    private mutating func put(_ name: String, _ entry: String) {
        if let place = places[name] {
            entries[place] = entry
        } else {
            places[name] = entries.count
            entries.append(entry)
        }
    }
}

/// Names and values in the order of first mention, a later value replacing an earlier one: an `env` context.
package struct OrderedVariables: Hashable, Sendable {
    package private(set) var names: [String] = []
    private var values: [String: String] = [:]

    package init() {}

    package init(_ pairs: some Sequence<FileCommandPairs.Pair>) {
        for pair in pairs { self[pair.name] = pair.value }
    }

    package subscript(name: String) -> String? {
        get { values[name] }
        set {
            if let newValue {
                if values.updateValue(newValue, forKey: name) == nil { names.append(name) }
            } else if values.removeValue(forKey: name) != nil {
                names.removeAll { $0 == name }
            }
        }
    }

    package var isEmpty: Bool { names.isEmpty }

    package var pairs: [FileCommandPairs.Pair] {
        names.map { FileCommandPairs.Pair($0, values[$0] ?? "") }
    }

    package mutating func merge(_ other: OrderedVariables) {
        for name in other.names { self[name] = other.values[name] }
    }
}
