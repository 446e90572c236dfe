// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import NIOPosix
import StructuredData

/// An HTTP client of the tests, over a real socket; a connection a request.
struct ServiceClient {
    struct Response {
        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
        var json: DataValue { (try? DataValue(json: body)) ?? .null }
    }

    enum Failure: Error {
        case closed
        case noAddress
    }

    var address: String
    var token: String?

    /// - Parameters:
    ///   - path: below the server, or a whole address of it.
    ///   - repeating: how often the body is sent.
    func send(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:], body: [UInt8] = [], repeating: Int = 1,
        keepingBody: Bool = true
    ) throws -> Response {
        let connection = try connect(keepingBody: keepingBody)
        defer { connection.channel.close(promise: nil) }
        try head(connection.channel, method, path, headers: headers, length: body.count * repeating)
        if !body.isEmpty {
            let buffer = ByteBuffer(bytes: body)
            for number in 0..<repeating {
                let written = connection.channel.writeAndFlush(HTTPClientRequestPart.body(.byteBuffer(buffer)))
                // One in flight is enough, and keeps the memory of this side out of the picture.
                if number % 8 == 7 { try? written.wait() }
            }
        }
        connection.channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        return try connection.response.wait()
    }

    func post(_ path: String, _ message: DataValue) throws -> Response {
        try send(
            .POST, path, headers: ["content-type": "application/json"], body: Array(message.jsonText().utf8))
    }

    func twirp(_ method: String, _ message: DataValue) throws -> Response {
        let service = method.contains("Cache") ? "CacheService" : "ArtifactService"
        return try post("/twirp/github.actions.results.api.v1.\(service)/\(method)", message)
    }

    /// Promises a body, sends a part of it, and goes away.
    func breakOff(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:], sending part: [UInt8], of length: Int
    )
        throws
    {
        let connection = try connect(keepingBody: true)
        try head(connection.channel, method, path, headers: headers, length: length)
        try connection.channel.writeAndFlush(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: part)))).wait()
        try connection.channel.close().wait()
        _ = try? connection.response.wait()
    }

    // MARK: the socket

    struct Connection {
        var channel: any Channel
        var response: EventLoopFuture<Response>
    }

    func connect(keepingBody: Bool) throws -> Connection {
        let place = address.dropFirst("http://".count).dropLast().split(separator: ":")
        guard place.count == 2, let port = Int(place[1]) else { throw Failure.noAddress }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: Response.self)
        let connecting = ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(
                        Collector(promise: promise, keepingBody: keepingBody))
                }
            }
            .connect(host: String(place[0]), port: port)
        do {
            return Connection(channel: try connecting.wait(), response: promise.futureResult)
        } catch {
            promise.fail(error)
            throw error
        }
    }

    private func head(
        _ channel: any Channel, _ method: HTTPMethod, _ path: String, headers: HTTPHeaders, length: Int
    ) throws {
        let uri = path.hasPrefix(address) ? "/" + path.dropFirst(address.count) : path
        var headers = headers
        headers.add(name: "host", value: String(address.dropFirst("http://".count).dropLast()))
        headers.add(name: "content-length", value: String(length))
        if let token { headers.add(name: "authorization", value: "Bearer \(token)") }
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: headers)
        channel.writeAndFlush(HTTPClientRequestPart.head(head), promise: nil)
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart

        private let promise: EventLoopPromise<Response>
        private let keepingBody: Bool
        private var response = Response(status: 0, headers: [:], body: [])

        init(promise: EventLoopPromise<Response>, keepingBody: Bool) {
            self.promise = promise
            self.keepingBody = keepingBody
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head) where head.status == .continue: break
            case .head(let head):
                response.status = Int(head.status.code)
                response.headers = head.headers
            case .body(let bytes): if keepingBody { response.body += bytes.readableBytesView }
            case .end: promise.succeed(response)
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            promise.fail(Failure.closed)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            promise.fail(error)
            context.close(promise: nil)
        }
    }
}
