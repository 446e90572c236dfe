// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import NIOHTTP1
internal import StructuredData

/// Called on the thread of the call, for each step of a pull or a build.
package typealias ProgressReceiver = (ImageProgress) throws(DiagnosticError) -> Void

extension EngineClient {
    /// - Throws: ``DiagnosticCode/engineObjectMissing`` where the engine has no such image.
    package func inspectImage(_ name: String, _ call: EngineCall = EngineCall()) throws(DiagnosticError) -> ImageReport
    {
        let request = EngineRequest(.GET, "/images/\(name.pathEncoded)/json")
        return try shaped(request, call) { data throws(DataShapeError) in try ImageReport(data) }
    }

    /// Brings an image from its registry.
    ///
    /// - Parameter platform: `os/architecture[/variant]`; `nil`: the engine's own.
    /// - Throws: ``DiagnosticCode/imageNotPulled`` with the engine's words.
    package func pullImage(
        _ reference: ImageReference, platform: String? = nil, credentials: RegistryCredentials? = nil,
        _ call: EngineCall = EngineCall(), progress: ProgressReceiver = { _ in }
    ) throws(DiagnosticError) {
        var request = EngineRequest(
            .POST, "/images/create", query: [("fromImage", reference.name), ("tag", reference.version)])
        if let platform { request.query.append(("platform", platform)) }
        if let credentials {
            request.headers.append(("X-Registry-Auth", credentials.data.jsonText().utf8.base64ForAddresses))
        }
        do throws(DiagnosticError) {
            try transfer(request, call, code: .imageNotPulled, what: "'\(reference)' could not be pulled") {
                data throws(DiagnosticError) in
                if let step = ImageProgress(data) { try progress(step) }
            }
        } catch {
            throw Self.pullFailure(error, reference)
        }
    }

    /// A status instead of a stream of progress means the same: the image is not there.
    private static func pullFailure(_ error: DiagnosticError, _ reference: ImageReference) -> DiagnosticError {
        let codes: [DiagnosticCode] = [.engineRefused, .engineObjectMissing, .engineConflict]
        guard codes.contains(error.diagnostic.code) else { return error }
        return DiagnosticError(
            .imageNotPulled, "The image '\(reference)' could not be pulled: \(error.diagnostic.message)",
            remedy: "Check the image's name and the credentials, and whether the engine reaches the registry.")
    }

    /// Makes an image of one layer from a tar archive of its files.
    ///
    /// - Parameter changes: lines of a Dockerfile, such as `ENV A=b`.
    /// - Returns: the image's id.
    @discardableResult
    package func importImage(
        as reference: ImageReference, changes: [String] = [], _ call: EngineCall = EngineCall(),
        from source: @escaping ByteSource
    ) throws(DiagnosticError) -> String {
        var request = EngineRequest(
            .POST, "/images/create", query: [("fromSrc", "-"), ("repo", reference.name), ("tag", reference.version)])
        request.query += changes.map { ("changes", $0) }
        request.headers.append(("Content-Type", "application/x-tar"))
        var id: String?
        try transfer(
            request, call, source: source, code: .imageNotPulled, what: "'\(reference)' could not be imported"
        ) { data throws(DiagnosticError) in
            if let status = data["status"]?.string, status.hasPrefix("sha256:") { id = status }
        }
        guard let id else { throw EngineFailure.unreadable(request.summary, "it names no image") }
        // Podman 4 passes over the tag.
        if try negotiated(call.untimed).isPodman { try tagImage(id, as: reference, call.untimed) }
        return id
    }

    /// Builds an image with the engine's own builder.
    ///
    /// - Parameter context: a tar archive, which may be compressed with gzip.
    /// - Returns: the image's id.
    /// - Throws: ``DiagnosticCode/imageNotBuilt`` with the engine's words.
    package func buildImage(
        _ build: ImageBuild, _ call: EngineCall = EngineCall(), context: @escaping ByteSource,
        progress: ProgressReceiver = { _ in }
    ) throws(DiagnosticError) -> String {
        var request = EngineRequest(.POST, "/build", query: build.query)
        request.headers.append(("Content-Type", "application/x-tar"))
        if !build.credentials.isEmpty {
            let byServer = DataObject(build.credentials.map { ($0.server, $0.data) })
            request.headers.append(("X-Registry-Config", byServer.jsonText().utf8.base64ForAddresses))
        }
        var id: String?
        do throws(DiagnosticError) {
            try transfer(request, call, source: context, code: .imageNotBuilt, what: "could not be built") {
                data throws(DiagnosticError) in
                if let found = data["aux"]?["ID"]?.string { id = found }
                if let step = ImageProgress(data) {
                    // Podman has no `aux`: the last line is the id.
                    if id == nil || !step.text.hasPrefix(" ") { id = Self.imageID(step.text) ?? id }
                    try progress(step)
                }
            }
        } catch {
            guard error.diagnostic.code == .engineRefused else { throw error }
            throw DiagnosticError(.imageNotBuilt, "The image could not be built: \(error.diagnostic.message)")
        }
        guard let id else { throw EngineFailure.unreadable("POST /build", "it names no image") }
        return id
    }

    private static func imageID(_ line: String) -> String? {
        let word = line.filter { !$0.isNewline }
        return word.count == 64 && word.allSatisfy(\.isHexDigit) ? "sha256:" + word : nil
    }

    /// Gives an image another name.
    package func tagImage(
        _ name: String, as reference: ImageReference, _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) {
        let query = [("repo", reference.name), ("tag", reference.version)]
        try done(EngineRequest(.POST, "/images/\(name.pathEncoded)/tag", query: query), .answer, call)
    }

    /// - Parameter force: even where it has other names, or a stopped container was made from it.
    package func removeImage(
        _ name: String, force: Bool = false, _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) {
        let query = force ? [("force", "1")] : []
        try done(EngineRequest(.DELETE, "/images/\(name.pathEncoded)", query: query), .change, call)
    }

    /// A call that is answered with a stream of messages, one of which may say that it failed.
    private func transfer(
        _ request: EngineRequest, _ call: EngineCall, source: ByteSource? = nil, code: DiagnosticCode, what: String,
        message: (DataValue) throws(DiagnosticError) -> Void
    ) throws(DiagnosticError) {
        try perform(request, .silence, call, source: source) { open throws(DiagnosticError) in
            try open.forEachMessage { data throws(DiagnosticError) in
                if let words = data["errorDetail"]?["message"]?.string ?? data["error"]?.string {
                    throw DiagnosticError(code, "The image \(what): \(words)")
                }
                try message(data)
            }
        }
    }

    /// A question whose answer has to be of a shape.
    func shaped<Value>(
        _ request: EngineRequest, _ call: EngineCall, _ read: (DataValue) throws(DataShapeError) -> Value
    ) throws(DiagnosticError) -> Value {
        let data = try json(request, .answer, call)
        do {
            return try read(data)
        } catch {
            throw EngineFailure.unreadable(request.summary, error.description)
        }
    }
}
