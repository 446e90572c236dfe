// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

extension TypeWalk {
    mutating func call(_ name: String, _ arguments: [ExpressionNode], _ node: ExpressionNode) -> ExpressionType {
        let types = arguments.map { type(of: $0) }
        guard let forms = FunctionType.all[name] else {
            let known = FunctionType.all.values.compactMap(\.first?.name).sorted()
            report(
                .unknownFunction, at: node, "There is no function '\(name)'; functions are \(Self.list(known))",
                suggestion: NearestName.of(name, among: known))
            return .any
        }
        if let available = checker.availableFunctions, FunctionType.special.contains(name), !available.contains(name) {
            report(
                .unavailableFunction, at: node,
                "The function '\(ExpressionFunctionSignature.spelling(of: name))' cannot be called here")
        }
        guard let form = fittingForm(forms, arguments, types, node) else { return forms[0].result }
        switch name {
        case "format": checkFormat(arguments, node)
        case "fromjson": return parsedType(arguments) ?? form.result
        case "case": return caseType(types)
        default: break
        }
        return form.result
    }

    /// The form that the arguments fit. Where there is none, the misfit of the one that fits furthest is reported.
    private mutating func fittingForm(
        _ forms: [FunctionType], _ arguments: [ExpressionNode], _ types: [ExpressionType], _ node: ExpressionNode
    ) -> FunctionType? {
        var misfit: (form: FunctionType, index: Int)?
        for form in forms where form.takes(types.count) {
            let index = types.indices.first { !(form.parameter($0) ?? .any).accepts(types[$0]) }
            guard let index else { return form }
            if misfit.map({ index > $0.index }) ?? true { misfit = (form, index) }
        }
        if let (form, index) = misfit {
            let wanted = forms.compactMap { $0.parameter(index)?.description }
            report(
                .argumentType, at: arguments[index],
                "Argument \(index + 1) of \(form.name) is of type \(types[index]), where \(Self.alternatives(wanted)) "
                    + "is expected")
        } else {
            report(
                .argumentCount, at: node,
                "\(types.count) arguments are given to \(forms[0].description), which takes another number")
        }
        return nil
    }

    private static func alternatives(_ types: [String]) -> String {
        var distinct: [String] = []
        for type in types where !distinct.contains(type) { distinct.append(type) }
        return distinct.joined(separator: " or ")
    }

    private mutating func checkFormat(_ arguments: [ExpressionNode], _ node: ExpressionNode) {
        guard case .literal(.string(let text)) = arguments[0].kind else { return }
        guard let template = try? FormatTemplate(text, argumentCount: .max) else {
            return report(
                .formatPlaceholder, at: arguments[0],
                "The format string is not valid: a lone brace is written as two, a placeholder as {0}")
        }
        var used: Set<Int> = []
        for case .argument(let index, _) in template.segments { used.insert(index) }
        let given = arguments.count - 1
        for index in used.sorted() where index >= given {
            report(
                .formatPlaceholder, at: arguments[0],
                "The format string has the placeholder {\(index)}, but only \(given) arguments follow it")
        }
        for index in 0..<given where !used.contains(index) {
            report(
                .formatPlaceholder, at: arguments[index + 1],
                "The format string has no placeholder {\(index)} for this argument")
        }
    }

    private mutating func parsedType(_ arguments: [ExpressionNode]) -> ExpressionType? {
        guard case .literal(.string(let text)) = arguments[0].kind else { return nil }
        do {
            let limits = JSONLimits(maximumDepth: ExpressionLimits.maximumJSONDepth)
            return ExpressionType(of: try DataValue(json: text, limits: limits))
        } catch {
            report(.brokenJSON, at: arguments[0], "The text given to fromJSON is not JSON: \(error)")
            return nil
        }
    }

    /// The values' common type: those behind each condition, and the last one.
    private func caseType(_ types: [ExpressionType]) -> ExpressionType {
        let values = types.enumerated().filter { $0.offset % 2 == 1 || $0.offset == types.count - 1 }.map(\.element)
        return values.dropFirst().reduce(values.first ?? .any) { $0.merged(with: $1) }
    }
}
