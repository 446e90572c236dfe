// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import HTTPCalling
internal import HTTPMessages
internal import ServerClient
internal import StructuredData

/// Which server a verb asks, and with what credential.
struct ServerAddressOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The server; else MARTLET_SERVER, else where you have signed in. The token is in MARTLET_TOKEN, or that of the login.",
            valueName: "url"))
    var server: String?

    @Option(help: ArgumentHelp("Certificates to trust beside the system's, as a PEM file.", valueName: "file"))
    var trust: String?

    /// Whether a server was named, by flag or variable.
    func isNamed(_ environment: [String: String]) -> Bool { ServerPlace.isNamed(server, environment) }

    /// - Throws: ``DiagnosticCode/serverNotNamed``, ``DiagnosticCode/loginMissing`` where no server or no token is named.
    func client(_ environment: [String: String]) throws(DiagnosticError) -> AdministrationClient {
        let place = try ServerPlace.required(server, environment)
        guard let token = place.token else {
            throw DiagnosticError(
                .loginMissing, "There is no token for \(place.address).",
                remedy: "Sign in with: martlet auth login \(place.address). Or set MARTLET_TOKEN.")
        }
        let authority = trust ?? environment["MARTLET_TRUST"]
        return AdministrationClient(
            url: place.address.text, token: token,
            client: try WebClient(trusting: authority.map(ProcessEnvironment.absolute)))
    }
}

/// Asks a server's API.
struct AdministrationClient: Sendable {
    let url: String
    let token: String
    let client: WebClient

    /// - Throws: the server's refusal, with its code; ``DiagnosticCode/webUnreachable``.
    func ask(_ method: String, _ path: String, _ body: DataValue? = nil) throws -> DataValue {
        var headers: HTTPHeaders = [("Authorization", "Bearer \(token)"), ("Accept", "application/json")]
        if body != nil { headers.add("Content-Type", "application/json") }
        let call = HTTPCall(
            method, url + path, headers: headers, body: body.map { Array($0.jsonText().utf8) } ?? [])
        let transport = client.transport
        let answer = try AsyncWork.run { try await transport(call) }
        let data = (try? DataValue(json: answer.body)) ?? .null
        guard !answer.isSuccess else { return data }
        let number = data["code"]?.string.flatMap { Int($0.drop { !$0.isNumber }) }
        throw DiagnosticError(
            number.map { DiagnosticCode($0) } ?? .serverRefused,
            data["detail"]?.string ?? "\(url) answered with status \(answer.status).",
            remedy: data["remedy"]?.string
                ?? (number == nil ? "See that the address is that of a Martlet server." : nil))
    }

    /// All pages of a list.
    func list(_ path: String) throws -> [DataValue] {
        var items: [DataValue] = []
        var next: String?
        repeat {
            let page = try ask("GET", path + (next.map { "?cursor=\(FormText.encoded($0))" } ?? ""))
            items += page["items"]?.array ?? []
            next = page["next"]?.string
        } while next != nil
        return items
    }
}
