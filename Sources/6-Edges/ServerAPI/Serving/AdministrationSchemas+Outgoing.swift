// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import NotificationRules
internal import Notifications
internal import StructuredData

/// The shapes of the audit log, and of what is told outside.
extension AdministrationSchemas {
    static let outgoing: DataObject = [
        "AuditRow": APISchemas.object(
            [
                "sequence": integer, "at": text, "who": text, "what": text, "subject": text, "type": text,
                "actor": ["type": "object"], "details": ["type": "object"],
            ], required: ["sequence", "at", "who", "what", "subject", "type", "actor", "details"]),
        "AuditList": APISchemas.list(of: "AuditRow"),
        "Hook": APISchemas.object(
            [
                "id": text, "project": textOrNull, "url": text, "events": APISchemas.list(text),
                "state": choice(OutgoingHook.State.allCases.map(\.rawValue)), "stateReason": textOrNull,
            ], required: ["id", "project", "url", "events", "state", "stateReason"]),
        "HookList": APISchemas.list(of: "Hook"),
        "NewHook": APISchemas.object(["url": line(AccessLimits.urlBytes), "events": hookEvents], required: ["url"]),
        "HookChange": APISchemas.object([
            "url": line(AccessLimits.urlBytes), "events": hookEvents, "state": choice(["active", "paused"]),
        ]),
        "HookMade": APISchemas.object(
            ["hook": APISchemas.reference("Hook"), "secret": text], required: ["hook", "secret"]),
        "Channel": APISchemas.object(
            ["id": text, "project": textOrNull, "name": text, "kind": kind, "events": APISchemas.list(text)],
            required: ["id", "project", "name", "kind", "events"]),
        "ChannelList": APISchemas.list(of: "Channel"),
        "NewChannel": APISchemas.object(
            ["name": name, "kind": kind, "address": line(AccessLimits.urlBytes), "events": channelEvents],
            required: ["name", "kind", "address"]),
        "ChannelChange": APISchemas.object([
            "name": name, "address": line(AccessLimits.urlBytes), "events": channelEvents,
        ]),
    ]

    private static let kind = choice(ChannelSettings.Kind.allCases.map(\.rawValue))
    private static let hookEvents = events(WebhookEvent.types)
    private static let channelEvents = events(StateChange.allCases.map(\.rawValue))

    private static func events(_ names: [String]) -> DataValue {
        ["type": "array", "items": choice(names), "maxItems": .number(Double(AccessLimits.eventNames))]
    }
}
