// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Announcements
internal import Credentials
internal import Diagnostics
internal import EventJournal
internal import HTTPMessages
internal import HTTPServing
internal import IdentityProviders
internal import LogArchive
internal import NotificationRules
internal import Notifications
internal import RunCoordination
internal import RunEngine
internal import SecretVault
internal import ServerOperation
internal import SourceControl
internal import SourceForges
internal import StructuredData
internal import TriggerIntake
internal import WorkflowPlanning

extension DiagnosticCode {
    /// There is nothing at that address.
    static let routeUnknown = DiagnosticCode(1190)
    /// The address is there, and does not take this method.
    static let methodUnknown = DiagnosticCode(1191)
    /// The request's content cannot be read, or is not what the route takes.
    static let requestInvalid = DiagnosticCode(1192)
    /// Nobody is signed in.
    static let signInNeeded = DiagnosticCode(1193)
    /// The form is not one of this server's pages, or too old.
    static let formForeign = DiagnosticCode(1194)
    static let runnerVersion = DiagnosticCode(1195)
    /// The request's content is JSON, and not what the route takes.
    static let bodyShape = DiagnosticCode(1220)
}

/// Errors as HTTP has them: a problem report with Martlet's code.
///
/// Source: RFC 9457.
enum APIProblem {
    static func answer(
        _ error: DiagnosticError, verdict: AccessDecision.Verdict? = nil, retryAfterMs: Int64? = nil
    ) -> OutboundAnswer {
        let diagnostic = error.diagnostic
        let status = verdict.map(status) ?? status(diagnostic.code)
        var object: DataObject = [
            "type": .string("/errors/\(diagnostic.code)"), "title": .string(title(status)),
            "status": .number(Double(status)), "detail": .string(diagnostic.message),
            "code": .string(diagnostic.code.description),
        ]
        object.set("remedy", diagnostic.remedy.map(DataValue.string))
        var headers: HTTPHeaders = [("Content-Type", "application/problem+json"), ("Cache-Control", "no-store")]
        if status == 401 { headers.add("WWW-Authenticate", "Bearer realm=\"martlet\"") }
        if status == 503 || status == 429 || diagnostic.code == .keyInUse {
            let isShort = [.serverStarting, .keyInUse, .homeAway].contains(diagnostic.code)
            let waitMs = retryAfterMs ?? (isShort ? 1_000 : 5_000)
            headers.add("Retry-After", String(max(1, (waitMs + 999) / 1_000)))
        }
        if diagnostic.code == .socketVersion { headers.add("Sec-WebSocket-Version", "13") }
        return OutboundAnswer(
            status: status, headers: headers, content: .bytes(Array(DataValue.object(object).jsonText().utf8)))
    }

    private static func status(_ verdict: AccessDecision.Verdict) -> Int {
        switch verdict {
        case .allowed: 200
        case .unknownCaller: 401
        case .denied: 403
        case .hidden: 404
        }
    }

    static func status(_ code: DiagnosticCode) -> Int { statuses[code] ?? 500 }

    private static let statuses: [DiagnosticCode: Int] =
        requests
        .merging(access) { first, _ in first }.merging(runs) { first, _ in first }
        .merging(triggers) { first, _ in first }.merging(administration) { first, _ in first }
        .merging(telling) { first, _ in first }

    private static let requests: [DiagnosticCode: Int] = [
        .routeUnknown: 404, .methodUnknown: 405, .requestInvalid: 400, .requestTooLarge: 413, .requestCutOff: 400,
        .bodiesPastLimit: 503, .requestTooSlow: 408,
        .socketForeign: 403, .socketHandshake: 400, .socketVersion: 426,
        .entryMissing: 404, .serverStopping: 503, .homeAway: 503, .serverStarting: 503, .journalConflict: 409,
        .journalDiskFull: 503,
        .journalBusy: 503, .journalUnreachable: 503, .journalRefused: 503, .logDiskFull: 503, .logNotWritable: 503,
    ]

    private static let access: [DiagnosticCode: Int] = [
        .signInNeeded: 401, .formForeign: 403, .credentialRefused: 401, .malformedToken: 401, .accessDenied: 403,
        .nameTaken: 409, .unknownEntry: 404, .lastAdministrator: 409, .credentialEnded: 410, .directoryLimit: 409,
        .directoryValue: 422, .scopeTooWide: 403, .tooManyAttempts: 429, .passwordRefused: 422, .reviewRefused: 403,
        .gateClosed: 409,
    ]

    private static let runs: [DiagnosticCode: Int] = [
        .runMissing: 404, .runRemoved: 410, .logsRemoved: 410, .diskShort: 503, .retentionInvalid: 422, .runOver: 409,
        .runNotFinished: 409, .runRejected: 403,
        .nothingToRerun: 409, .rerunStepUnknown: 422,
        .unknownRerun: 422, .artifactMissing: 404, .logPatternInvalid: 422, .logPatternLimit: 422,
        .logSearchExhausted: 422, .runnerVersion: 426, .leaseLost: 410, .journalFenced: 410, .journalUnseated: 503,
        .logGap: 422, .logLineLimit: 422, .logSizeLimit: 422, .logIncomplete: 422, .logDiffers: 422, .logFinished: 422,
        .runnerMessageInvalid: 422, .codeNotGiven: 422, .handoverGone: 410, .handoverRefused: 403,
        .handoverPastLimit: 413, .handoverMismatch: 422,
    ]

    private static let triggers: [DiagnosticCode: Int] = [
        .webhookSignatureMissing: 401, .webhookSignatureWrong: 401, .webhookSignatureUnknown: 401,
        .webhookStale: 401, .webhookSecretUnusable: 401, .webhookTooLarge: 413, .webhookMalformed: 400,
        .webhookEventMissing: 400, .refListMalformed: 400, .refListTooLong: 413, .dispatchWorkflowUnknown: 404,
        .dispatchNotOffered: 422, .dispatchEnvironmentUnknown: 422, .dispatchTooLarge: 413,
        .dispatchTypeInvalid: 422, .dispatchRefMissing: 422, .deliveryMissing: 404, .deliveryUnfinished: 409,
        .deliveryUndecided: 503, .triggerProjectUnusable: 409, .forgeAddressUnusable: 422,
        .defaultBranchMissing: 422, .mirrorUnreachable: 502, .commitMissing: 422, .refUnusable: 422,
        .commitFilesTooLarge: 422, .inputInvalid: 422, .eventUnknown: 422, .jobUnknown: 422,
    ]

    private static let telling: [DiagnosticCode: Int] = [
        .addressInvalid: 422, .addressRefused: 422, .outgoingMissing: 404, .redeliveryRefused: 409,
        .policiesInvalid: 422, .policyInvalid: 422,
        .policiesMoved: 412, .slackRequestInvalid: 400, .webhookSignatureRefused: 401, .signingSecretUnusable: 503,
    ]

    private static let administration: [DiagnosticCode: Int] = [
        .entryMoved: 412, .sessionEnded: 401, .linkRefused: 410, .accountMissing: 403,
        .providerMissing: 404, .oldPasswordWrong: 403, .keyReused: 422, .keyInUse: 409, .keyUncertain: 409,
        .keyInvalid: 400,
        .credentialElsewhere: 422, .connectionSecretUnusable: 422,
        .bodyShape: 422, .ticketRefused: 403,
        .identityProviderSettings: 503, .identityProviderUnusable: 503, .idTokenRefused: 403,
        .signInStateRefused: 403, .signInDenied: 403, .personNotAdmitted: 403, .webUnreachable: 503,
        .secretNameInvalid: 422, .secretTooLarge: 413,
        .tooManySecrets: 409, .secretPlaceInvalid: 422, .secretMissing: 404,
    ]

    private static func title(_ status: Int) -> String {
        switch status {
        case 400: "Bad request"
        case 401: "Not signed in"
        case 403: "Not allowed"
        case 404: "Not found"
        case 405: "Method not allowed"
        case 408: "Too slow"
        case 409: "Conflict"
        case 410: "Gone"
        case 412: "Changed meanwhile"
        case 413: "Too large"
        case 422: "Not acceptable"
        case 426: "Other version needed"
        case 429: "Too many requests"
        case 502: "The other side failed"
        case 503: "Not available now"
        default: "Failed"
        }
    }
}
