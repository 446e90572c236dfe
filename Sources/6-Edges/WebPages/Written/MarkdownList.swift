// SPDX-License-Identifier: Apache-2.0

/// List items by their marks and their indentation.
enum MarkdownList {
    struct Item {
        var indent: Int
        var isOrdered: Bool
        /// Where the item's own text begins, counted from the line's start.
        var offset: Int
        var text: Substring
    }

    /// `- a`, `* a`, `+ a`, `1. a`, `1) a`; `nil` where the line begins no item.
    static func item(_ line: Substring) -> Item? {
        let indent = line.prefix { $0 == " " || $0 == "\t" }.count
        let text = line.dropFirst(indent)
        let mark: Int
        if let first = text.first, "-*+".contains(first) {
            mark = 1
        } else {
            let digits = text.prefix { $0.isASCII && $0.isNumber }.count
            guard (1...9).contains(digits), let end = text.dropFirst(digits).first, end == "." || end == ")" else {
                return nil
            }
            mark = digits + 1
        }
        guard text.dropFirst(mark).first == " " else { return nil }
        return Item(indent: indent, isOrdered: mark > 1, offset: indent + mark + 1, text: text.dropFirst(mark + 1))
    }

    /// The items of one list, each as its lines without their indentation.
    static func items(_ rest: inout ArraySlice<Substring>, like first: Item) -> [[Substring]] {
        var items: [[Substring]] = []
        var offset = first.offset
        while let line = rest.first {
            let indent = line.prefix { $0 == " " || $0 == "\t" }.count
            if let item = item(line), item.indent < offset {
                guard item.isOrdered == first.isOrdered, item.indent >= first.indent else { break }
                items.append([item.text])
                offset = item.offset
            } else if line.isBlank {
                // A blank line ends the list unless what follows belongs to the item.
                guard let next = rest.dropFirst().first, !next.isBlank,
                    next.prefix(while: { $0 == " " }).count >= first.offset || MarkdownList.item(next) != nil
                else { break }
            } else if indent > first.indent {
                items[items.count - 1].append(line.dropFirst(min(indent, offset)))
            } else {
                break
            }
            rest.removeFirst()
        }
        return items
    }
}
