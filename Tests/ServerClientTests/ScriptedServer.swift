// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPMessages
import ServerClient
import StructuredData
import Synchronization

/// What a scripted server does when it is asked.
enum ScriptedStep: Sendable {
    case answer(Int, String, HTTPHeaders = [])
    /// There is no connection.
    case unreachable
    /// A stream: its pieces, and whether it breaks after them.
    case stream([String], breaks: Bool = false)
    /// A stream that brings nothing until it is left.
    case silence
}

/// Surroundings of a client that answer by a script. Time is what was waited.
private enum Script {
    static func server(
        token: String?, step: @escaping @Sendable (HTTPCall) -> ScriptedStep,
        pause: @escaping @Sendable (Int) async -> Void,
        key: @escaping @Sendable () -> String = { "key" }
    ) throws -> RemoteServer {
        RemoteServer(
            address: try ServerAddress("https://ci.example.org/"), token: token,
            surroundings: RemoteServer.Surroundings(
                send: { (call) throws(DiagnosticError) in
                    switch step(call) {
                    case .answer(let status, let text, let headers):
                        return HTTPAnswer(status: status, headers: headers, body: Array(text.utf8))
                    case .unreachable: throw DiagnosticError(.webUnreachable, "No route.")
                    case .stream, .silence: return HTTPAnswer(status: 500)
                    }
                },
                open: { (call) throws(DiagnosticError) in
                    switch step(call) {
                    case .answer(let status, let text, let headers):
                        return HTTPStream(status: status, headers: headers, pieces: pieces([text], breaks: false))
                    case .unreachable: throw DiagnosticError(.webUnreachable, "No route.")
                    case .stream(let texts, let breaks):
                        return HTTPStream(status: 200, headers: events, pieces: pieces(texts, breaks: breaks))
                    case .silence:
                        return HTTPStream(
                            status: 200, headers: events,
                            pieces: HTTPPieces {
                                { () async throws(DiagnosticError) in
                                    // Until it is cancelled.
                                    let (stream, _) = AsyncStream<Void>.makeStream()
                                    for await _ in stream {}
                                    return nil
                                }
                            })
                    }
                },
                pause: pause, newKey: key))
    }

    private static let events: HTTPHeaders = [("Content-Type", "text/event-stream; charset=utf-8")]

    private static func pieces(_ texts: [String], breaks: Bool) -> HTTPPieces {
        HTTPPieces {
            var rest = texts[...]
            return { () async throws(DiagnosticError) in
                if let text = rest.popFirst() { return Array(text.utf8) }
                if breaks { throw DiagnosticError(.webUnreachable, "It broke.") }
                return nil
            }
        }
    }

    static func path(_ call: HTTPCall) -> String {
        let start = "https://ci.example.org/api/v1"
        return call.url.hasPrefix(start) ? String(call.url.dropFirst(start.count)) : call.url
    }
}

/// A server that says one thing after another, whatever it is asked.
final class ScriptedServer: Sendable {
    private struct State: Sendable {
        var steps: [ScriptedStep]
        var calls: [HTTPCall] = []
        var waits: [Int] = []
        var keys = 0
    }

    private let state: Mutex<State>

    init(_ steps: [ScriptedStep]) { state = Mutex(State(steps: steps)) }

    var calls: [HTTPCall] { state.withLock { $0.calls } }
    var waits: [Int] { state.withLock { $0.waits } }
    /// The calls' methods and what follows the host.
    var asked: [String] { calls.map { "\($0.method) \(Script.path($0))" } }

    func server() throws -> RemoteServer {
        try Script.server(
            token: "mrt_pat_x",
            step: { call in
                self.state.withLock { state in
                    state.calls.append(call)
                    return state.steps.isEmpty ? .answer(410, "{}") : state.steps.removeFirst()
                }
            }, pause: { milliseconds in self.state.withLock { $0.waits.append(milliseconds) } },
            key: {
                self.state.withLock { state in
                    state.keys += 1
                    return "key-\(state.keys)"
                }
            })
    }
}

/// A server that says one thing after another at each of its paths.
final class PathServer: Sendable {
    private let state: Mutex<(steps: [String: [ScriptedStep]], calls: [HTTPCall])>

    init(_ steps: [String: [ScriptedStep]]) { state = Mutex((steps, [])) }

    func calls(_ path: String) -> [HTTPCall] { state.withLock { $0.calls.filter { Script.path($0) == path } } }

    func server() throws -> RemoteServer {
        try Script.server(
            token: nil,
            step: { call in
                let path = String(Script.path(call).prefix { $0 != "?" })
                return self.state.withLock { state in
                    state.calls.append(call)
                    guard var steps = state.steps[path], !steps.isEmpty else { return .answer(410, "{}") }
                    let step = steps.removeFirst()
                    state.steps[path] = steps
                    return step
                }
            },
            // Others get on first: a wait is as long as they need.
            pause: { milliseconds in
                // What is waited for comes long before a wait of seconds ends, however busy the machine is.
                for _ in 0..<(milliseconds < 1_000 ? 1_000 : 200_000) { await Task.yield() }
            })
    }
}
