// SPDX-License-Identifier: Apache-2.0

/// One of the five fields: what may stand in it.
struct CronField {
    let name: String
    let range: ClosedRange<Int>
    /// Upper case; the first one stands for the range's first number.
    var names: [String] = []

    static let all = [
        CronField(name: "minute", range: 0...59),
        CronField(name: "hour", range: 0...23),
        CronField(name: "day", range: 1...31),
        CronField(
            name: "month", range: 1...12,
            names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]),
        // 7 is Sunday again, as 0 is.
        CronField(name: "weekday", range: 0...7, names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]),
    ]
}

/// Reads one field into a set of numbers, a bit each.
struct CronFieldParser {
    let field: CronField
    let text: [Unicode.Scalar]
    /// Where the field stands in the line.
    let start: Int
    private var index = 0

    init(field: CronField, text: [Unicode.Scalar], start: Int) {
        self.field = field
        self.text = text
        self.start = start
    }

    mutating func parse() throws(ScheduleError) -> UInt64 {
        var set: UInt64 = 0
        while true {
            set |= try item()
            guard index < text.count else { return set }
            try expect(",")
        }
    }

    private mutating func item() throws(ScheduleError) -> UInt64 {
        var range: ClosedRange<Int>
        var isSingle = false
        if take("*") {
            range = field.range
        } else {
            let place = index
            let first = try value()
            range = first...first
            isSingle = true
            if take("-") {
                let last = try value()
                guard last >= first else { throw fault("the range runs backwards", at: place) }
                range = first...last
                isSingle = false
            }
        }
        var step = 1
        if take("/") {
            let place = index
            step = try number()
            guard (1...field.range.upperBound).contains(step) else {
                throw fault("the step must be between 1 and \(field.range.upperBound)", at: place)
            }
            // `5/15` is `5-59/15`.
            if isSingle { range = range.lowerBound...field.range.upperBound }
        }
        var set: UInt64 = 0
        for number in stride(from: range.lowerBound, through: range.upperBound, by: step) { set |= 1 << UInt64(number) }
        return set
    }

    private mutating func value() throws(ScheduleError) -> Int {
        let place = index
        let letters = text[index...].prefix { $0.properties.isAlphabetic }
        if !letters.isEmpty {
            let name = String(String.UnicodeScalarView(letters))
            guard let found = field.names.firstIndex(of: name.uppercased()) else {
                throw fault("'\(name)' is no name of a \(field.name)", at: place)
            }
            index += letters.count
            return field.range.lowerBound + found
        }
        let number = try number()
        guard field.range.contains(number) else {
            throw fault("\(number) is not between \(field.range.lowerBound) and \(field.range.upperBound)", at: place)
        }
        return number
    }

    private mutating func number() throws(ScheduleError) -> Int {
        let digits = text[index...].prefix { ("0"..."9").contains($0) }
        guard !digits.isEmpty, digits.count <= 4 else {
            let found = index < text.count ? "'\(text[index])' stands where a number must" : "a number is missing"
            throw fault(found, at: index)
        }
        index += digits.count
        return digits.reduce(0) { $0 * 10 + Int($1.value - 48) }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard index < text.count, text[index] == scalar else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ scalar: Unicode.Scalar) throws(ScheduleError) {
        guard take(scalar) else { throw fault("'\(text[index])' is not understood", at: index) }
    }

    private func fault(_ what: String, at place: Int) -> ScheduleError {
        let whole = String(String.UnicodeScalarView(text))
        return ScheduleError(
            code: .malformedCron, message: "The \(field.name) field '\(whole)' of the cron line is broken: \(what).",
            offset: start + place)
    }
}
