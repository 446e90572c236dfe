// SPDX-License-Identifier: Apache-2.0

import CExpat
import Diagnostics

/// What comes next in an XML text.
enum XMLEvent {
    case start(name: String, attributes: [String: String])
    /// Part of a text; the bytes are gone after the call.
    case text(UnsafeRawBufferPointer)
    case end(name: String)
}

/// Reads an XML text from its beginning to its end, by Expat.
///
/// A document type ends the reading, so there are no entities but XML's own five, nothing is fetched and nothing grows.
/// UTF-8, UTF-16, ISO-8859-1 and ASCII are read.
final class XMLScan {
    /// Bytes that are given to Expat at once.
    private static let chunkBytes = 64 << 10

    private let parser: XML_Parser
    private let limits: OutcomeLimits
    private let handle: (XMLEvent) throws(DiagnosticError) -> Void
    private var depth = 0
    private var failure: DiagnosticError?

    private init(_ limits: OutcomeLimits, _ handle: @escaping (XMLEvent) throws(DiagnosticError) -> Void) {
        guard let parser = XML_ParserCreate(nil) else { preconditionFailure("there is no memory for an XML parser") }
        self.parser = parser
        self.limits = limits
        self.handle = handle
    }

    deinit { XML_ParserFree(parser) }

    /// - Throws: `MRT0830` to `MRT0832` with the place, and what `handle` throws, with the place where it has none.
    static func read(
        _ bytes: [UInt8], _ limits: OutcomeLimits, _ handle: @escaping (XMLEvent) throws(DiagnosticError) -> Void
    ) throws(DiagnosticError) {
        try limits.check(size: bytes.count)
        let scan = XMLScan(limits, handle)
        scan.listen()
        bytes.withUnsafeBytes(scan.feed)
        if let failure = scan.failure { throw failure }
    }

    private func listen() {
        XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
        XML_SetElementHandler(
            parser,
            { user, name, attributes in XMLScan.of(user)?.started(name, attributes) },
            { user, name in XMLScan.of(user)?.ended(name) })
        XML_SetCharacterDataHandler(parser) { user, text, count in
            guard let text else { return }
            XMLScan.of(user)?.send(.text(UnsafeRawBufferPointer(start: text, count: Int(count))))
        }
        XML_SetStartDoctypeDeclHandler(parser) { user, _, _, _, _ in XMLScan.of(user)?.refuseDocumentType() }
    }

    private static func of(_ user: UnsafeMutableRawPointer?) -> XMLScan? {
        user.map { Unmanaged<XMLScan>.fromOpaque($0).takeUnretainedValue() }
    }

    private func feed(_ bytes: UnsafeRawBufferPointer) {
        var start = 0
        repeat {
            let end = min(start + Self.chunkBytes, bytes.count)
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            let status = XML_Parse(
                parser, piece.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(piece.count),
                end == bytes.count ? 1 : 0)
            guard status == XML_STATUS_OK else { return stopped() }
            start = end
        } while start < bytes.count
    }

    /// Expat gave up, or was told to.
    private func stopped() {
        guard failure == nil else { return }
        let code = XML_GetErrorCode(parser)
        let reason = XML_ErrorString(code).map { String(cString: $0) } ?? "error \(code.rawValue)"
        let isEncoding = code == XML_ERROR_UNKNOWN_ENCODING || code == XML_ERROR_INCORRECT_ENCODING
        failure = DiagnosticError(
            Diagnostic(
                .reportUnreadable, "The report is not well-formed XML: \(reason).", position: position,
                remedy: isEncoding
                    ? "Write the report in UTF-8." : "See that the program that writes it came to its end."))
    }

    private var position: SourcePosition {
        SourcePosition(
            line: Int(XML_GetCurrentLineNumber(parser)), column: Int(XML_GetCurrentColumnNumber(parser)) + 1)
    }

    // MARK: what Expat tells

    private func fail(_ error: DiagnosticError) {
        var error = error
        if error.diagnostic.position == nil { error.diagnostic.position = position }
        if failure == nil { failure = error }
        XML_StopParser(parser, 0)
    }

    private func send(_ event: XMLEvent) {
        guard failure == nil else { return }
        do throws(DiagnosticError) { try handle(event) } catch { fail(error) }
    }

    private func started(_ name: UnsafePointer<CChar>?, _ pairs: UnsafeMutablePointer<UnsafePointer<CChar>?>?) {
        guard let name else { return }
        depth += 1
        if depth > limits.maximumDepth {
            return fail(
                OutcomeLimits.exceeded("The report has elements more than \(limits.maximumDepth) deep.", at: position))
        }
        var attributes: [String: String] = [:]
        var index = 0
        while let pairs, let key = pairs[index], let value = pairs[index + 1] {
            attributes[String(cString: key)] = String(cString: value)
            index += 2
        }
        send(.start(name: String(cString: name), attributes: attributes))
    }

    private func ended(_ name: UnsafePointer<CChar>?) {
        guard let name else { return }
        depth -= 1
        send(.end(name: String(cString: name)))
    }

    private func refuseDocumentType() {
        fail(
            DiagnosticError(
                .reportDocumentType, "The report has a document type (<!DOCTYPE …>), which test reports do not need.",
                remedy: "Have it written without one."))
    }
}
