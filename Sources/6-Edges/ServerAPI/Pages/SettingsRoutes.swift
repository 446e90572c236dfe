// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import ServerOperation
internal import WebPages

/// One room of the settings, and what its forms do. A form is answered with the room and what it came to.
protocol SettingsReading: Sendable {
    associatedtype Shown: Page

    /// The room as it is now.
    func page(_ visit: PageVisit) async throws(DiagnosticError) -> Shown
    func with(_ receipt: Receipt, _ page: Shown) -> Shown
}

/// What a form came to.
struct SettingsChange<Shown: Sendable>: Sendable {
    /// One sentence.
    var sentence: String
    /// Puts in what is shown this once.
    var show: @Sendable (inout Shown) -> Void = { _ in }
}

extension SettingsReading {
    func room(_ template: String, _ guardian: Route.Guardian, _ pages: PageRoute) -> Route {
        let reading = self
        return pages.get(
            template, guardian,
            showing: { (visit) throws(DiagnosticError) in
                .page(try await reading.page(visit), visit.context())
            })
    }

    func form(
        _ template: String, _ guardian: Route.Guardian, _ pages: PageRoute,
        _ act: @escaping @Sendable (PageVisit, FormFields) async throws(DiagnosticError) -> SettingsChange<Shown>
    ) -> Route {
        let reading = self
        return pages.post(template, guardian) { (visit, form) throws(DiagnosticError) in
            var status = 200
            var change = SettingsChange<Shown>(sentence: "")
            let receipt: Receipt
            do throws(DiagnosticError) {
                change = try await act(visit, form)
                receipt = .done(change.sentence)
            } catch {
                (status, receipt) = try Receipt.refusal(error)
            }
            // As it is after the change.
            let now = await PageVisit(visit.server, visit.request)
            var page = reading.with(receipt, try await reading.page(now))
            change.show(&page)
            var answer = OutboundAnswer.page(page, now.context(refused: status == 200 ? nil : form), status: status)
            answer.headers["Cache-Control"] = "no-store"
            return answer
        }
    }
}

extension Receipt {
    /// What a page says above a form that was refused.
    ///
    /// - Throws: the error, where no page is to be shown: who may not see the room sees no room.
    static func refusal(_ error: DiagnosticError) throws(DiagnosticError) -> (status: Int, Receipt) {
        let (status, diagnostic) = (APIProblem.status(error.diagnostic.code), error.diagnostic)
        if status == 404 || status == 401 || status >= 500 { throw error }
        return (
            status,
            .refused(
                code: diagnostic.code.description, message: diagnostic.message, remedy: diagnostic.remedy)
        )
    }
}

extension FormFields {
    /// A list that was written with commas.
    func list(_ name: String) -> [String] {
        (self[name] ?? "").split { $0 == "," || $0.isNewline }.map(String.init).map(\.withoutBlanksAround)
            .filter { !$0.isEmpty }
    }

    func isOn(_ name: String) -> Bool { self[name] == "1" }

    /// - Throws: ``DiagnosticCode/requestInvalid`` for what is no number.
    func number(_ name: String) throws(DiagnosticError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int(text) else {
            throw DiagnosticError(.requestInvalid, "'\(name)' is a number; '\(text)' is none.")
        }
        return number
    }
}

extension String {
    /// Without blanks around it.
    var withoutBlanksAround: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}

/// All rooms.
struct SettingsRoutes: Sendable {
    let server: Server
    let calls: APICalls

    var routes: [Route] {
        ProjectSettingsReading(server: server, calls: calls).routes
            + ConnectionReading(server: server, calls: calls).routes
            + IncomingReading(server: server, calls: calls).routes
            + MembersReading(server: server, calls: calls).routes + PeopleReading(server: server, calls: calls).routes
            + RunnersReading(server: server, calls: calls).routes + SecretsReading(server: server, calls: calls).routes
            + EnvironmentsReading(server: server, calls: calls).routes
            + HooksReading(server: server, calls: calls).routes + AccountReading(server: server, calls: calls).routes
            + AuditReadingRoutes(server: server).routes
    }
}
