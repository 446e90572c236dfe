// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
package import HTTPMessages
package import RunnerProtocol
internal import RuntimeServices
internal import StructuredData

/// What a job on another machine asks its server for: its code, caches and artifacts. Each message shows the job's lease.
/// Calls block, are tried again while the connection is lost, and throw the server's own words where it refuses.
package struct ServerLine: Sendable {
    package enum Form: Sendable {
        case json
        case framed
    }

    package let lease: LeaseKey
    /// To the server's object storage.
    let links: FarLinks
    private let ask: @Sendable (String, [UInt8], Form) throws(DiagnosticError) -> [UInt8]

    /// - Parameters:
    ///   - store: asks the object storage; `nil`: all bytes go through the server.
    ///   - ask: sends a body to a route of the runner protocol, and brings the answer's.
    package init(
        _ lease: LeaseKey, store: HTTPExchange? = nil,
        ask: @escaping @Sendable (String, [UInt8], Form) throws(DiagnosticError) -> [UInt8]
    ) {
        self.lease = lease
        self.ask = ask
        links = FarLinks(store)
    }

    // MARK: messages

    func code(haves: [String], withRefs: Bool) throws(DiagnosticError) -> CodeOffer {
        let request = CodeRequest(lease: lease, haves: haves, withRefs: withRefs)
        while true {
            let offer: CodeOffer = try read(try ask("code", Array(request.data.jsonText().utf8), .json))
            // Its answer is held back until there is something to say.
            if !offer.isPending { return offer }
        }
    }

    func piece(
        _ source: PieceRequest.Source, _ name: String, at offset: Int, count: Int = RunnerLimits.pieceBytes
    ) throws(DiagnosticError) -> [UInt8] {
        let request = PieceRequest(lease: lease, source: source, name: name, offset: offset, count: count)
        return try ask("piece", Array(request.data.jsonText().utf8), .json)
    }

    @discardableResult
    func call(_ act: StorageCall.Act, _ details: DataObject = [:]) throws(DiagnosticError) -> DataValue {
        let body = StorageCall(lease: lease, act, details).data.jsonText()
        let answer = try ask("storage", Array(body.utf8), .json)
        guard let data = try? DataValue(json: answer) else { throw Self.unreadable("it is no JSON") }
        return data
    }

    /// - Returns: `nil` where the server gives no link.
    func link(_ act: StorageCall.Act, _ details: DataObject) throws(DiagnosticError) -> StorageLink? {
        let answer = try call(act, details)
        guard answer["url"] != nil else { return nil }
        do { return try StorageLink(data: answer) } catch { throw Self.unreadable("\(error)") }
    }

    /// Chunks, in the order in which they are asked for.
    func chunks(_ texts: [String]) throws(DiagnosticError) -> [[UInt8]] {
        let message = FramedMessage(["lease": lease.data, "chunks": .array(texts.map(DataValue.string))])
        let answer = try framed(try ask("chunks-get", message.bytes, .framed))
        guard answer.parts.count == texts.count else { throw Self.unreadable("it has other chunks") }
        return answer.parts
    }

    func put(chunks: [[UInt8]]) throws(DiagnosticError) {
        _ = try ask("chunks-put", FramedMessage(["lease": lease.data], chunks).bytes, .framed)
    }

    /// - Returns: how many bytes of the upload the server has now: another number than expected is where to go on.
    func upload(_ name: String, at offset: Int, _ bytes: [UInt8]) throws(DiagnosticError) -> Int {
        let message = FramedMessage(
            ["lease": lease.data, "name": .string(name), "offset": .number(Double(offset))], [bytes])
        guard let size = try? DataValue(json: try ask("upload", message.bytes, .framed))["size"]?.int else {
            throw Self.unreadable("it says no size")
        }
        return size
    }

    // MARK: reading

    private func read<Value: DataRepresentable>(_ bytes: [UInt8]) throws(DiagnosticError) -> Value {
        do {
            return try Value(data: DataValue(json: bytes))
        } catch {
            throw Self.unreadable("\(error)")
        }
    }

    private func framed(_ bytes: [UInt8]) throws(DiagnosticError) -> FramedMessage {
        do throws(DataShapeError) {
            return try FramedMessage(bytes: bytes)
        } catch {
            throw Self.unreadable("\(error)")
        }
    }

    static func unreadable(_ what: String) -> DiagnosticError {
        DiagnosticError(
            .handoverUnreadable, "What the server gave cannot be read: \(what).",
            remedy: "Use the same version of Martlet for the server and its runners.")
    }
}
