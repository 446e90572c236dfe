// SPDX-License-Identifier: Apache-2.0

extension Markup {
    /// A table in a card, with one kind of head everywhere. On narrow screens its rows are stacked.
    ///
    /// - Parameter numbers: indexes of columns that are aligned to the right.
    mutating func table(_ heads: [PageText], numbers: Set<Int> = [], rows: (inout Markup) -> Void) {
        tag(.div, .class("card scroll")) { $0.bareTable(heads, numbers: numbers, rows: rows) }
    }

    /// The same inside a card that has a head of its own.
    mutating func bareTable(_ heads: [PageText], numbers: Set<Int> = [], rows: (inout Markup) -> Void) {
        tag(.table, .class("stacked")) { html in
            html.tag(.thead) { html in
                html.tag(.tr) { html in
                    for (index, head) in heads.enumerated() {
                        let isNumber: Attribute? = numbers.contains(index) || head == .actions ? .class("number") : nil
                        html.tag(.th, .text(.scope, "col"), isNumber, words: head)
                    }
                }
            }
            html.tag(.tbody, content: rows)
        }
    }
}
