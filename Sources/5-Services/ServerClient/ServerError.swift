// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import HTTPMessages
internal import StructuredData

/// What a server would not do, or that it was not to be had.
package struct ServerError: CodedError {
    package enum Kind: Hashable, Sendable {
        /// There was no answer.
        case unreachable
        /// It does not know who asks, or they may not: 401, 403.
        case notAllowed
        /// There is no such thing, or the caller may not see it: 404.
        case missing
        /// Any other answer.
        case refused(status: Int)
        /// An answer that cannot be read.
        case foreign
    }

    package var diagnostic: Diagnostic
    package var kind: Kind

    package init(_ kind: Kind, _ diagnostic: Diagnostic) {
        self.kind = kind
        self.diagnostic = diagnostic
    }

    static func unreachable(_ address: ServerAddress, _ error: DiagnosticError) -> ServerError {
        let told = error.diagnostic.message
        return ServerError(
            .unreachable,
            Diagnostic(
                .serverUnreachable,
                told.hasPrefix(address.text) ? "The server \(told)" : "The server \(address) gave no answer. \(told)",
                remedy:
                    "Check the address, that the server runs and that it is reached from here: curl \(address)/healthz")
        )
    }

    static func foreign(_ address: ServerAddress, _ detail: String) -> ServerError {
        ServerError(
            .foreign,
            Diagnostic(
                .serverAnswerForeign, "What answered at \(address) does not speak as a Martlet server does: \(detail)",
                remedy: "Check the address; use the same version of Martlet here and there."))
    }

    /// The server's own words, where it has any: its code and its remedy stand.
    ///
    /// Source: RFC 9457.
    static func refusal(_ address: ServerAddress, status: Int, headers: HTTPHeaders, body: [UInt8]) -> ServerError {
        let kind: Kind =
            switch status {
            case 401, 403: .notAllowed
            case 404: .missing
            default: .refused(status: status)
            }
        let problem = (try? DataValue(json: body))?.object ?? DataObject()
        if let code = problem["code"]?.string.flatMap(code),
            let text = problem["detail"]?.string ?? problem["title"]?.string
        {
            // What the server says of headers is for programs.
            let remedy = status == 401 ? signIn(address) : problem["remedy"]?.string.map(plain)
            return ServerError(kind, Diagnostic(code, plain(text), remedy: remedy))
        }
        if (300...399).contains(status) {
            let target = headers["Location"].map { " to \(plain($0))" } ?? ""
            return ServerError(
                kind,
                Diagnostic(
                    .serverRefusal, "\(address) sends elsewhere\(target).",
                    remedy: "Give the address that it sends to."))
        }
        let words = problem["detail"]?.string ?? problem["title"]?.string
        return ServerError(
            kind,
            Diagnostic(
                .serverRefusal, "\(address) answered \(status)\(words.map { ": \(plain($0))" } ?? ".")",
                remedy: status == 401 ? signIn(address) : nil))
    }

    private static func signIn(_ address: ServerAddress) -> String {
        "Sign in with: martlet auth login \(address). On the server's own machine this makes a token: "
            + "martlet token create --scope admin"
    }

    /// Words from elsewhere are shown, not obeyed.
    private static func plain(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.properties.generalCategory != .control }))
    }

    private static func code(_ text: String) -> DiagnosticCode? {
        guard text.hasPrefix("MRT"), let number = Int(text.dropFirst(3)), (1...9_999).contains(number) else {
            return nil
        }
        return DiagnosticCode(number)
    }
}
