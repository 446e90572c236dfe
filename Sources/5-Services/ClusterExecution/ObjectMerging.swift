// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

/// What settings change of an object that is made.
enum ObjectMerging {
    /// Mappings are merged, lists put together, anything else replaced. Of a list's items those of one name are merged.
    static func merge(_ change: DataObject, into object: inout DataObject) {
        for (key, value) in change {
            switch (object[key], value) {
            case (.object(var old)?, .object(let new)):
                merge(new, into: &old)
                object[key] = .object(old)
            case (.array(let old)?, .array(let new)):
                object[key] = .array(merged(old, new))
            default: object[key] = value
            }
        }
    }

    private static func merged(_ old: [DataValue], _ new: [DataValue]) -> [DataValue] {
        var items = old
        for item in new {
            let name = item["name"]?.string
            if let name, let index = items.firstIndex(where: { $0["name"]?.string == name }),
                var known = items[index].object, let change = item.object
            {
                merge(change, into: &known)
                items[index] = .object(known)
            } else {
                items.append(item)
            }
        }
        return items
    }
}
