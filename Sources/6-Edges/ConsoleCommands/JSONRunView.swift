// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunCoordination
internal import StepExecution
internal import StructuredData
internal import TerminalRendering

/// One JSON object a line, as it comes. The last one is `runFinished`.
final class JSONRunView {
    private let console: Console
    private var partial: [StepPlace: [UInt8]] = [:]

    init(_ console: Console) {
        self.console = console
    }

    func take(_ update: RunUpdate) {
        // Its start has the name already.
        if case .stepNamed = update { return }
        if case .stepFinished(let place, _, _, _) = update, let rest = partial.removeValue(forKey: place), !rest.isEmpty
        {
            line(rest, of: place)
        }
        console.out.writeLine(DataValue.object(update.object).jsonText())
    }

    /// What a line may hold; a longer one comes in pieces.
    private static let lineLimitBytes = 1 << 20

    func take(_ output: UnsafeRawBufferPointer, of place: StepPlace) {
        var rest = output[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            var text = partial.removeValue(forKey: place) ?? []
            text.append(contentsOf: rest[..<end])
            line(text, of: place)
            rest = rest[(end + 1)...]
        }
        if !rest.isEmpty { partial[place, default: []].append(contentsOf: rest) }
        if let open = partial[place], open.count > Self.lineLimitBytes {
            line(open, of: place)
            partial[place] = nil
        }
    }

    private func line(_ text: [UInt8], of place: StepPlace) {
        var object = RunUpdate.object("log", place)
        object["line"] = .string(String(decoding: text, as: UTF8.self))
        console.out.writeLine(DataValue.object(object).jsonText())
    }
}
