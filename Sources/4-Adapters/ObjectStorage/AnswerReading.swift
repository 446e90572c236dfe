// SPDX-License-Identifier: Apache-2.0

internal import CExpat
internal import Diagnostics

/// An element of an answer, without its namespace.
struct AnswerElement: Sendable {
    var name: String
    var text = ""
    var children: [AnswerElement] = []

    /// The first child of that name.
    subscript(_ name: String) -> AnswerElement? { children.first { $0.name == name } }
    func all(_ name: String) -> [AnswerElement] { children.filter { $0.name == name } }
    func text(_ name: String) -> String? { self[name]?.text }
}

/// Reads the XML of S3 and STS, by Expat. A document type ends the reading, so that there are no entities but XML's own five.
final class AnswerReading {
    private let parser: XML_Parser
    private var open: [AnswerElement] = []
    private var root: AnswerElement?
    private var problem: String?

    private init() {
        guard let parser = XML_ParserCreate(nil) else { preconditionFailure("there is no memory for an XML parser") }
        self.parser = parser
    }

    deinit { XML_ParserFree(parser) }

    /// - Throws: ``DiagnosticCode/storageAnswerUnreadable``.
    static func read(_ bytes: [UInt8], from place: String) throws(DiagnosticError) -> AnswerElement {
        let reading = AnswerReading()
        reading.listen()
        let status = bytes.withUnsafeBytes {
            XML_Parse(reading.parser, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count), 1)
        }
        if status == XML_STATUS_OK, reading.problem == nil, let root = reading.root { return root }
        let code = XML_GetErrorCode(reading.parser)
        let reason = XML_ErrorString(code).map { String(cString: $0) } ?? "error \(code.rawValue)"
        throw DiagnosticError(
            .storageAnswerUnreadable,
            "The answer of \(place) is not the XML of an S3 service: \(reading.problem ?? reason).",
            remedy: "Check the address: perhaps something else answers there, or a proxy on the way.")
    }

    private func listen() {
        XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
        XML_SetElementHandler(
            parser, { user, name, _ in AnswerReading.of(user)?.started(name) },
            { user, _ in AnswerReading.of(user)?.ended() })
        XML_SetCharacterDataHandler(parser) { user, text, count in
            guard let text, let reading = AnswerReading.of(user), !reading.open.isEmpty else { return }
            let bytes = UnsafeRawBufferPointer(start: text, count: Int(count))
            reading.open[reading.open.count - 1].text += String(decoding: bytes, as: UTF8.self)
        }
        XML_SetStartDoctypeDeclHandler(parser) { user, _, _, _, _ in
            AnswerReading.of(user)?.stop("it has a document type")
        }
    }

    private static func of(_ user: UnsafeMutableRawPointer?) -> AnswerReading? {
        user.map { Unmanaged<AnswerReading>.fromOpaque($0).takeUnretainedValue() }
    }

    private func stop(_ reason: String) {
        problem = reason
        XML_StopParser(parser, 0)
    }

    private func started(_ name: UnsafePointer<CChar>?) {
        guard let name else { return }
        if open.count >= StorageLimits.answerDepth { return stop("its elements are too deep") }
        open.append(AnswerElement(name: String(String(cString: name).split(separator: ":").last ?? "")))
    }

    private func ended() {
        guard let element = open.popLast() else { return }
        if open.isEmpty { root = element } else { open[open.count - 1].children.append(element) }
    }
}

/// XML that is sent.
enum AnswerWriting {
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
