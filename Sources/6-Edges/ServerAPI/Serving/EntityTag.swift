// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import ServerOperation
internal import StructuredData

/// The version of what an answer shows: a digest of it, so that the same tag is the same content, on every server.
///
/// Source: RFC 9110, sections 8.8.3 and 13.1.
enum EntityTag {
    private static let digestBytes = 16

    static func of(_ bytes: [UInt8]) -> String {
        "\"" + Hexadecimal.text(Array(SHA256.hash(data: bytes)).prefix(digestBytes)) + "\""
    }

    static func of(_ value: DataValue) -> String {
        var bytes: [UInt8] = []
        value.appendJSON(to: &bytes)
        return of(bytes)
    }

    /// Whether a header's list names the tag. Weak ones count where nothing is changed.
    static func isNamed(_ tag: String, in list: String, weakly: Bool) -> Bool {
        list.split(separator: ",").contains { entry in
            var entry = entry.drop { $0 == " " }
            while entry.last == " " { entry.removeLast() }
            if entry == "*" { return true }
            if weakly, entry.hasPrefix("W/") { entry = entry.dropFirst(2) }
            return entry == tag
        }
    }

    /// Gives a JSON answer its tag, and leaves its content away where the other side has it.
    static func apply(_ answer: inout OutboundAnswer, to inbound: InboundRequest) {
        guard inbound.method == "GET" || inbound.method == "HEAD", answer.status == 200,
            case .bytes(let bytes) = answer.content,
            answer.headers["Content-Type"]?.hasPrefix("application/json") == true
        else { return }
        let tag = answer.headers["ETag"] ?? of(bytes)
        answer.headers["ETag"] = tag
        guard let known = inbound.headers["If-None-Match"], isNamed(tag, in: known, weakly: true) else { return }
        answer.status = 304
        answer.content = .none
        answer.headers["Content-Type"] = nil
    }
}

extension APIRequest {
    /// The condition of a change: that what is to be changed is what the caller has read.
    ///
    /// - Parameter shown: what a GET would answer; `nil`: there is nothing.
    /// - Throws: ``DiagnosticCode/entryMoved``.
    func requireMatch(_ shown: DataValue?) throws(DiagnosticError) {
        let moved = DiagnosticError(
            .entryMoved, "It has changed since it was read.", remedy: "Read it again, and decide anew.")
        if let wanted = inbound.headers["If-Match"] {
            guard let shown, EntityTag.isNamed(EntityTag.of(shown), in: wanted, weakly: false) else { throw moved }
        }
        if let unwanted = inbound.headers["If-None-Match"], let shown {
            guard !EntityTag.isNamed(EntityTag.of(shown), in: unwanted, weakly: true) else { throw moved }
        }
    }
}
