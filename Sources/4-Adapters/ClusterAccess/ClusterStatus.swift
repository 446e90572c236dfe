// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPMessages
internal import StructuredData

/// What the API says where it does not do what it was asked: a `Status` object.
enum ClusterStatus {
    /// - Parameters:
    ///   - what: "make the Job 'x'", as it follows "could not".
    static func error(_ status: Int, _ body: [UInt8], _ what: String, _ server: String) -> DiagnosticError {
        let data = (try? DataValue(json: body)) ?? .null
        return error(status, data, what, server)
    }

    static func error(_ status: Int, _ data: DataValue, _ what: String, _ server: String) -> DiagnosticError {
        let said = data["message"]?.string ?? "it answered \(status)"
        let reason = data["reason"]?.string ?? ""
        let text = "The cluster at \(server) could not \(what): \(said.prefix(1_000))"
        switch status {
        case 401:
            return DiagnosticError(
                .clusterRefused, text, remedy: "Its credential is not known or has ended: get another one.")
        case 403 where said.contains("exceeded quota"):
            return DiagnosticError(
                .clusterQuota, text, remedy: "Wait for others to end, or have the quota of the namespace raised.")
        case 403:
            return DiagnosticError(
                .clusterRefused, text,
                remedy: "Give the account the role that packaging/kubernetes describes, or use another one.")
        case 404: return DiagnosticError(.clusterMissing, text, remedy: "Check the name and the namespace.")
        case 409 where reason == "AlreadyExists":
            return DiagnosticError(.clusterConflict, text, remedy: "Look at what is there, and try again.")
        case 409:
            // Something else was changed at the same time, as a quota is by what counts against it: nothing was made.
            return DiagnosticError(.clusterBusy, text, remedy: "Try again in a while.")
        case 410: return DiagnosticError(.clusterExpired, text, remedy: "List it anew.")
        case 429,
            500..<600 where reason != "InternalError" || status != 500:
            return DiagnosticError(.clusterBusy, text, remedy: "Try again in a while.")
        case 500...:
            return DiagnosticError(.clusterBusy, text, remedy: "See the API server's own log.")
        default:
            let causes = (data["details"]?["causes"]?.array ?? []).compactMap { $0["field"]?.string }
            let fields = causes.isEmpty ? "" : " Fields: \(causes.joined(separator: ", "))."
            return DiagnosticError(
                .clusterInvalid, text + fields,
                remedy:
                    "Correct what it was made from: a job's image, names, variables and sizes, or the executor's settings."
            )
        }
    }
}
