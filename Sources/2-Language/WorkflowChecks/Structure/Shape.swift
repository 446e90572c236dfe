// SPDX-License-Identifier: Apache-2.0

/// What may stand at a place of a workflow file: the lint's reading of the schema, kept apart from the reader's own
/// table because it goes on after a fault and knows more (what may be empty, what an expression there must give).
struct Shape: Sendable {
    enum Scalar: Sendable {
        case text
        case boolean
        case integer
        case number
        /// Any scalar.
        case any
        /// Only these words.
        case words([String])
    }

    /// As messages call it: `steps`, `with`.
    var name: String
    var scalar: Scalar?
    /// The shape of a list's items: empty where a list may not stand here, else one.
    var items: [Shape] = []
    /// Empty where a mapping may not stand here, else one.
    var section: [Section] = []
    /// `null`, an empty text or an empty collection is fine.
    var isEmptyAllowed = false
    /// Where the scalar may hold expressions; `nil`: `${{` has no meaning here.
    var place: Place?
    var mark: Mark?
    /// What an expression that is the whole value must give.
    var expected: Expectation = .text
    /// Nothing below is looked at.
    var isOpaque = false
}

/// What an expression at a place must give.
enum Expectation: Sendable, Equatable {
    /// Text, or what turns into text without loss.
    case text
    case boolean
    case number
    case mapping
    case list
    case textOrList
    case textOrMapping
    /// A label, labels, or an object with `group` or `labels`.
    case runner
    case condition
    case anything
}

/// A position in the tree that rules refer to.
enum Mark: Sendable {
    case job
    case step
    case service
    /// A step within a step, of the step's own shape.
    case innerStep
}

struct Section: Sendable {
    var fields: [Field] = []
    /// The shape of a value under a key that is not a field: empty where no other key may stand.
    var entry: [Shape] = []
    /// Two keys that differ by case only are one key at run time.
    var ignoresCase = false
    /// Where the keys themselves may hold expressions.
    var keyPlace: Place?
}

struct Field: Sendable {
    var key: String
    var shape: Shape
    var isRequired = false
}

extension Shape {
    static func text(_ name: String, _ place: Place? = nil, emptyAllowed: Bool = false) -> Shape {
        Shape(name: name, scalar: .text, isEmptyAllowed: emptyAllowed, place: place)
    }

    static func boolean(_ name: String, _ place: Place? = nil) -> Shape {
        Shape(name: name, scalar: .boolean, place: place, expected: .boolean)
    }

    static func number(_ name: String, _ place: Place? = nil) -> Shape {
        Shape(name: name, scalar: .number, place: place, expected: .number)
    }

    static func list(_ name: String, of item: Shape) -> Shape { Shape(name: name, items: [item]) }

    static func textOrList(_ name: String, _ place: Place? = nil) -> Shape {
        Shape(
            name: name, scalar: .text, items: [.text(name, place)], place: place,
            expected: place == nil ? .text : .textOrList)
    }

    static func fields(_ name: String, _ fields: [Field]) -> Shape {
        Shape(name: name, section: [Section(fields: fields)])
    }

    static func map(_ name: String, of entry: Shape, ignoresCase: Bool = true) -> Shape {
        Shape(name: name, section: [Section(entry: [entry], ignoresCase: ignoresCase)])
    }

    /// Anything at all; expressions in it are checked where `place` is given.
    static func anything(_ name: String, _ place: Place? = nil) -> Shape {
        Shape(name: name, isEmptyAllowed: true, place: place, isOpaque: true)
    }

    func emptyAllowed() -> Shape {
        var copy = self
        copy.isEmptyAllowed = true
        return copy
    }

    /// The same, or one expression that gives it.
    func orExpression(_ place: Place, _ expected: Expectation) -> Shape {
        var copy = self
        copy.place = place
        copy.expected = expected
        return copy
    }

    func marked(_ mark: Mark) -> Shape {
        var copy = self
        copy.mark = mark
        return copy
    }
}

extension Field {
    init(_ key: String, _ shape: Shape, required: Bool = false) {
        self.init(key: key, shape: shape, isRequired: required)
    }
}
