// SPDX-License-Identifier: Apache-2.0

internal import ContainerEngine
internal import Diagnostics
internal import Synchronization

/// The container engine of a command: looked for once, when something first needs one.
package final class EngineOffer: Sendable {
    private let environment: [String: String]
    private let isUsed = Mutex(false)
    private let found = Mutex<Result<EngineClient, DiagnosticError>?>(nil)

    /// - Parameter environment: of the command: it may name the engine.
    package init(environment: [String: String]) {
        self.environment = environment
    }

    /// - Throws: ``DiagnosticCode/engineNotFound``, which says where was looked.
    func client() throws(DiagnosticError) -> EngineClient {
        let environment = environment
        let result = found.withLock { found in
            if let found { return found }
            let result = Result { () throws(DiagnosticError) in try EngineSearch(environment: environment).find() }
            found = result
            return result
        }
        return try result.get()
    }

    /// Why there is none, as a plan tells it; `nil`: there is one.
    package func whyMissing() -> String? {
        do throws(DiagnosticError) {
            _ = try client()
            return nil
        } catch {
            let lines = error.diagnostic.message.split(separator: "\n").map { $0.drop { $0 == " " } }
            return "\(error.diagnostic.code): " + (lines.first ?? "") + (lines.count > 1 ? " " : "")
                + lines.dropFirst().joined(separator: "; ")
        }
    }

    /// The socket of the one that was found.
    package var address: String? { (try? client())?.address.path }

    /// What dead processes left is removed before the first container is made: once a command.
    func onFirstUse(_ body: (EngineClient) -> Void) throws(DiagnosticError) -> EngineClient {
        let client = try client()
        isUsed.withLock { isUsed in
            if !isUsed { body(client) }
            isUsed = true
        }
        return client
    }

    /// Ends the engine's thread, where there is one.
    package func close() {
        found.withLock { if case .success(let client) = $0 { client.close() } }
    }
}
