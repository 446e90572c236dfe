// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import ServerClient

/// A server that a user means, and what they show there.
struct ServerPlace {
    let address: ServerAddress
    /// `nil`: nobody has signed in there.
    let token: String?

    /// - Parameters:
    ///   - server: as it was named by the flag: an address, the host of a login, or `none`; else MARTLET_SERVER counts.
    ///   - tokenFile: a file with the token.
    /// - Returns: `nil` where none was named; then nothing was looked up.
    /// - Throws: where that is no address, and where a token cannot be read.
    static func named(
        _ server: String?, tokenFile: String? = nil, _ environment: [String: String]
    ) throws(DiagnosticError) -> ServerPlace? {
        isNamed(server, environment)
            ? try found(server ?? environment["MARTLET_SERVER"] ?? "", tokenFile, environment) : nil
    }

    static func isNamed(_ server: String?, _ environment: [String: String]) -> Bool {
        !["", "none"].contains(server ?? environment["MARTLET_SERVER"] ?? "")
    }

    /// ``named(_:tokenFile:_:)``, else where the user has signed in, if that is one place.
    static func required(
        _ server: String?, tokenFile: String? = nil, _ environment: [String: String]
    ) throws(DiagnosticError) -> ServerPlace {
        if let place = try named(server, tokenFile: tokenFile, environment) { return place }
        let logins = try LoginStore(environment).addresses
        if logins.count == 1 { return try found(logins[0], tokenFile, environment) }
        throw DiagnosticError(
            .serverNotNamed, "No server was named.",
            remedy: "Name one with --server URL, or in MARTLET_SERVER, or sign in: martlet auth login URL")
    }

    private static func found(
        _ text: String, _ tokenFile: String?, _ environment: [String: String]
    ) throws(DiagnosticError) -> ServerPlace {
        let logins = LoginStore(environment)
        let address = try text.contains("://") ? ServerAddress(text) : logins.address(ofHost: text)
        if let tokenFile {
            let bytes = try Files.read(ProcessEnvironment.absolute(tokenFile), limit: TokenText.limitBytes)
            return ServerPlace(address: address, token: try TokenText.read(bytes))
        }
        // The token of the environment is that of its server, and nothing for another one.
        let own = environment["MARTLET_SERVER"].flatMap { try? ServerAddress($0) }
        if own == nil || own == address, let token = environment["MARTLET_TOKEN"], !token.isEmpty {
            return ServerPlace(address: address, token: try TokenText.read(Array(token.utf8)))
        }
        let kept = try logins.token(for: address)
        if kept == nil, let own, environment["MARTLET_TOKEN"]?.isEmpty == false {
            throw DiagnosticError(
                .loginMissing,
                "You have not signed in at \(address), and MARTLET_TOKEN is not sent there: it is the token for "
                    + "MARTLET_SERVER, which is \(own).",
                remedy:
                    "Sign in with: martlet auth login \(address). Or give --token-file, or name the server that the "
                    + "token is for in MARTLET_SERVER.")
        }
        return ServerPlace(address: address, token: kept)
    }
}

/// A token as it stands in a file, a variable or on a line.
enum TokenText {
    static let limitBytes = 1 << 14

    /// - Throws: ``DiagnosticCode/tokenUnusable`` where it is empty, or holds what no header may.
    static func read(_ bytes: [UInt8]) throws(DiagnosticError) -> String {
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        let text = bytes.drop { blanks.contains($0) }.reversed().drop { blanks.contains($0) }.reversed()
        guard !text.isEmpty, text.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw DiagnosticError(
                .tokenUnusable, text.isEmpty ? "The token is empty." : "The token holds blanks or other characters.",
                remedy: "Give the token as the server showed it, on one line.")
        }
        return String(decoding: text, as: UTF8.self)
    }
}
