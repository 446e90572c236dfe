// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import HTTPMessages

extension MailRelay {
    private static let securities = ["none": Security.none, "starttls": .startTLS, "tls": .tls]

    /// Reads a relay as settings have it: `smtp://user:password@host:587`, the name and the password percent-coded.
    ///
    /// `smtp` is STARTTLS at port 587, `smtps` is TLS at port 465; `?security=none` leaves encryption out, for a relay on the
    /// same machine.
    ///
    /// - Throws: ``DiagnosticCode/mailSettingsInvalid``; the text, which may hold a password, is not in it.
    package init(url: String) throws(DiagnosticError) {
        let invalid = DiagnosticError(
            .mailSettingsInvalid, "The settings of mail cannot be used: the address of the relay is none.",
            remedy: "Write it as smtp://user:password@mail.example.org:587, with other characters percent-coded.")
        guard let mark = url.firstRange(of: "://") else { throw invalid }
        let scheme = url[..<mark.lowerBound].lowercased()
        guard scheme == "smtp" || scheme == "smtps" else { throw invalid }
        let parts = url[mark.upperBound...].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard var place = parts.first else { throw invalid }
        if place.hasSuffix("/") { place = place.dropLast() }
        var security = scheme == "smtps" ? Security.tls : .startTLS
        if parts.count == 2 {
            guard parts[1].hasPrefix("security="), let known = Self.securities[String(parts[1].dropFirst(9))] else {
                throw invalid
            }
            security = known
        }
        var login: Login?
        if let at = place.lastIndex(of: "@") {
            let sides = place[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, let name = FormText.decoded(sides[0]), let password = FormText.decoded(sides[1])
            else { throw invalid }
            login = Login(name: name, password: password)
            place = place[place.index(after: at)...]
        }
        var port = security == .tls ? 465 : 587
        let tail = place.hasPrefix("[") ? place.drop { $0 != "]" } : place
        if let colon = tail.lastIndex(of: ":") {
            guard let number = Int(place[place.index(after: colon)...]) else { throw invalid }
            port = number
            place = place[..<colon]
        }
        try self.init(host: String(place), port: port, security: security, login: login)
    }
}
