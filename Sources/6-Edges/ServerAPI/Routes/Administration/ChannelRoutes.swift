// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import ServerOperation
internal import StructuredData

/// Where people are told: chats and mail addresses. An address goes in and does not come out.
struct ChannelRoutes: Sendable {
    let server: Server

    var routes: [Route] { OutgoingPlace.all.flatMap { routes(at: $0) } }

    private func routes(at place: OutgoingPlace) -> [Route] {
        func route(
            _ method: String, _ path: String, _ operation: String, _ summary: String, body: String? = nil,
            _ answers: [Int: String],
            _ handler: @escaping @Sendable (APIRequest) async throws(DiagnosticError) -> OutboundAnswer
        ) -> Route {
            Route(
                method: method, template: place.path + "/channels" + path, operation: operation, summary: summary,
                guardian: place.guardian, query: operation.hasPrefix("list") ? PageParameters.all : [], body: body,
                answers: answers, handler: handler)
        }
        return [
            route("GET", "", "list\(place.name)Channels", "Channels of \(place.words).", [200: "ChannelList"]) {
                (request) throws(DiagnosticError) in
                let directory = server.directory.current
                let project = try request.placeProject(directory)
                let found = directory.channels.values.filter { $0.settings.project == project }
                return try request.page(found, { $0.id.number }) { $0.shown(directory) }
            },
            route(
                "POST", "", "add\(place.name)Channel", "Adds a channel of \(place.words).", body: "NewChannel",
                [201: "Channel"], add),
            route("GET", "/{channel}", "get\(place.name)Channel", "One channel.", [200: "Channel"]) {
                (request) throws(DiagnosticError) in .json(try find(request).shown(server.directory.current))
            },
            route(
                "PATCH", "/{channel}", "change\(place.name)Channel", "Changes a channel.", body: "ChannelChange",
                [200: "Channel"], change),
            route("DELETE", "/{channel}", "remove\(place.name)Channel", "Removes a channel.", [204: ""], remove),
        ]
    }

    private func find(_ request: APIRequest) throws(DiagnosticError) -> NotificationChannel {
        let directory = server.directory.current
        let name = request.parameter("channel")
        let project = try request.placeProject(directory)
        guard let channel = EntryID(name).flatMap({ directory.channels[$0] }), channel.settings.project == project
        else {
            throw APIRequest.missing("channel", name)
        }
        return channel
    }

    @Sendable private func add(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let body = try await request.json()
        guard let kind = ChannelSettings.Kind(rawValue: try body.text("kind")) else {
            throw DiagnosticError(.requestInvalid, "'kind' is no kind of channel.")
        }
        let settings = ChannelSettings(
            project: try request.placeProject(server.directory.current), name: try body.text("name"), kind: kind,
            addressReference: "", events: (body["events"]?.array ?? []).compactMap(\.string))
        let channel = try await server.setChannel(
            nil, settings, address: try body.text("address"), by: request.actor(server), as: request.principal)
        let place = request.inbound.path + "/\(channel.id)"
        return .created(channel.shown(server.directory.current), at: place)
    }

    @Sendable private func change(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let body = try await request.json()
        let channel = try find(request)
        try request.requireMatch(channel.shown(server.directory.current))
        var settings = channel.settings
        if let name = body["name"]?.string { settings.name = name }
        if let events = body["events"]?.array { settings.events = events.compactMap(\.string) }
        let changed = try await server.setChannel(
            channel.id, settings, address: body["address"]?.string, by: request.actor(server), as: request.principal)
        return .json(changed.shown(server.directory.current))
    }

    @Sendable private func remove(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let channel = try find(request)
        try await server.perform(.removeChannel(channel.id), request) { directory in
            directory.channels[channel.id]?.shown(directory)
        }
        server.references.forget(channel.settings.addressReference)
        return .empty
    }
}

extension NotificationChannel {
    fileprivate func shown(_ directory: Directory) -> DataValue {
        [
            "id": .string(id.description), "project": .textOrNull(settings.project.map(directory.name(of:))),
            "name": .string(settings.name), "kind": .string(settings.kind.rawValue), "events": .texts(settings.events),
        ]
    }
}
