// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPMessages
internal import StructuredData

/// The log of a step on a server.
package struct RemoteLog: Sendable {
    private let server: RemoteServer
    private let path: String

    /// - Parameter attempt: of the run, in which the step ran.
    package init(_ server: RemoteServer, run: Int, attempt: Int, place: RunTelling.Place) {
        self.server = server
        path = Self.path(RemoteServer.path("runs", run, "attempts", attempt), place)
    }

    static func path(_ attemptPath: String, _ place: RunTelling.Place) -> String {
        "\(attemptPath)/logs/\(FormText.encoded(place.job))/\(FormText.encoded(place.step))/\(place.attempt)"
    }

    /// Gives each line, without its end; nothing where there is no log.
    package func lines(_ body: ([UInt8]) async -> Void) async throws(ServerError) {
        let stream: HTTPStream
        do throws(ServerError) {
            stream = try await server.stream(path, accept: "text/plain")
        } catch {
            if error.kind == .missing { return }
            throw error
        }
        var open: [UInt8] = []
        var pieces = stream.pieces.makeAsyncIterator()
        while let piece = try await next(&pieces) {
            var rest = piece[...]
            while let end = rest.firstIndex(of: 0x0A) {
                open += rest[..<end]
                await body(open)
                open.removeAll(keepingCapacity: true)
                rest = rest[(end + 1)...]
            }
            open += rest
        }
        if !open.isEmpty { await body(open) }
    }

    private func next(_ pieces: inout HTTPPieces.AsyncIterator) async throws(ServerError) -> [UInt8]? {
        do { return try await pieces.next() } catch { throw .unreachable(server.address, error) }
    }

    /// The last lines; none where there is no log.
    package func tail(_ count: Int) async throws(ServerError) -> [[UInt8]] {
        do throws(ServerError) {
            let bytes = try await server.bytes(
                path, [FormText.Pair("tail", "\(count)")], accept: "application/x-ndjson")
            return bytes.split(separator: 0x0A).compactMap { line in
                (try? DataValue(json: Array(line)))?["text"]?.string.map { Array($0.utf8) }
            }
        } catch {
            if error.kind == .missing { return [] }
            throw error
        }
    }
}

/// A log that grows.
struct FollowedLog: Sendable {
    let server: RemoteServer
    /// Of the attempt of the run.
    let attemptPath: String
    let place: RunTelling.Place

    /// Puts line by line until the log's end. What cannot be followed is left out: the run is told all the same, and the log can be
    /// read later.
    func run(_ put: RunFollower.Put) async {
        var source = EventSource(server, RemoteLog.path(attemptPath, place))
        var last = 0
        do throws(ServerError) {
            while let item = try await source.next() {
                guard case .event(let event) = item, event.type != EventSource.endType else { continue }
                let line = event.object
                guard let text = line["text"]?.string else { continue }
                // Each line has its number, and is shown once.
                let number = line["n"]?.int ?? last + 1
                guard number > last else { continue }
                last = number
                await put(.line(place, Array(text.utf8)))
            }
        } catch {
            await put(
                .line(place, Array("##[warning]This log could not be followed: \(error.diagnostic.message)".utf8)))
        }
    }
}
