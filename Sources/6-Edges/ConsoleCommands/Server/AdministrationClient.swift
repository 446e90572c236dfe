// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import HTTPCalling
internal import HTTPMessages
internal import StructuredData

/// Which server a verb asks, and with what credential.
struct ServerAddressOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The server; else MARTLET_SERVER. The token is in MARTLET_TOKEN.", valueName: "url"))
    var server: String?

    @Option(help: ArgumentHelp("Certificates to trust beside the system's, as a PEM file.", valueName: "file"))
    var trust: String?

    func address(_ environment: [String: String]) -> String? {
        let url = server ?? environment["MARTLET_SERVER"].flatMap { $0.isEmpty ? nil : $0 }
        return url.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    }

    /// - Throws: ``DiagnosticCode/argumentInvalid`` where no server or no token is named.
    func client(_ environment: [String: String]) throws(DiagnosticError) -> AdministrationClient {
        guard let url = address(environment) else {
            throw DiagnosticError(
                .argumentInvalid, "No server is named.", remedy: "Give --server URL, or set MARTLET_SERVER.")
        }
        guard let token = environment["MARTLET_TOKEN"], !token.isEmpty else {
            throw DiagnosticError(
                .argumentInvalid, "There is no token.",
                remedy: "Set MARTLET_TOKEN; `martlet token create` makes one, and so does the page of your account.")
        }
        return AdministrationClient(
            url: url, token: token, client: try WebClient(trusting: trust.map(ProcessEnvironment.absolute)))
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
