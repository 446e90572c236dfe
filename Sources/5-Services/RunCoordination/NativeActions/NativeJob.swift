// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import ProcessControl
internal import RuntimeServices
internal import StepExecution
internal import StructuredData
internal import Timekeeping

/// What the native actions of one job work with.
struct NativeJob: Sendable {
    var run: String
    var attempt: Int
    var job: String
    var access: CacheAccess
    var caches: CacheVault
    var artifacts: ArtifactVault
    /// Steps are enclosed: an action that runs outside of that reaches their own folders, and nothing else.
    var isEnclosed: Bool

    /// What the log is to say of how bytes came and went, once.
    var note: @Sendable () -> String? {
        let links = caches.far?.line.links
        return { links?.takeNote() }
    }

    func origin(_ call: NativeActionCall) -> EntryOrigin {
        EntryOrigin(run: run, job: job, step: call.attempt.step.description, attempt: attempt)
    }

    func folders(_ call: NativeActionCall) -> StepFolders {
        func real(_ path: String) -> String { Files.realPath(path) ?? path }
        var folders = StepFolders(
            workspace: real(call.workspace), temporary: real(call.temporary), toolCache: real(call.toolCache),
            home: real(call.home))
        if isEnclosed || call.isContained { folders.reach = [folders.workspace, folders.temporary] }
        return folders
    }

    /// By the names that ``RepositoryOffer`` gives them.
    func actions(_ record: RunRecord, _ offer: RepositoryOffer, _ code: FarCode? = nil) -> [String: NativeAction] {
        var actions: [String: NativeAction] = ["checkout": CheckoutAction.action(record, offer, code)]
        for part in CacheAction.Part.allCases {
            actions[part.rawValue] = CacheAction(job: self, part: part).action
        }
        for language in SetupAction.Language.allCases {
            actions[language.rawValue] = SetupAction(job: self, language: language).action
        }
        actions[UploadArtifactAction.name] = UploadArtifactAction(job: self).action
        actions[MergeArtifactsAction.name] = MergeArtifactsAction(job: self).action
        actions[DownloadArtifactAction.name] = DownloadArtifactAction(job: self).action
        return actions
    }

    static let posts: [String: @Sendable (ActionWork) -> String] = [
        CacheAction.Part.cache.rawValue: CacheAction.postCondition
    ]
}

/// An input as the toolkit's `core` reads it: without blanks around it.
extension NativeActionCall {
    func text(_ name: String) -> String {
        let characters = Array(input(name) ?? "")
        guard let first = characters.firstIndex(where: { !$0.isWhitespace }),
            let last = characters.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(characters[first...last])
    }

    /// The lines that are not empty; blanks after a `!` are dropped.
    func lines(_ name: String) -> [String] {
        text(name).split(whereSeparator: \.isNewline).map { line in
            var line = line.trimmingBlanks()
            if line.hasPrefix("!") { line = "!" + line.dropFirst().trimmingBlanks() }
            return line
        }.filter { !$0.isEmpty }
    }

    func flag(_ name: String) -> Bool { text(name).lowercased() == "true" }

    /// Whether a truth value is given that is none of YAML's, with what the toolkit says of it.
    func checkedFlag(_ name: String, default value: Bool = false) throws(DiagnosticError) -> Bool {
        switch text(name) {
        case "": return value
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default:
            throw DiagnosticError(
                .nativeInputInvalid,
                "Input does not meet YAML 1.2 \"Core Schema\" specification: \(name). "
                    + "Support boolean input list: `true | True | TRUE | false | False | FALSE`")
        }
    }

    func required(_ name: String) throws(DiagnosticError) -> String {
        let value = text(name)
        guard !value.isEmpty else {
            throw DiagnosticError(.nativeInputInvalid, "Input required and not supplied: \(name)")
        }
        return value
    }

    func warn(_ text: String) { mark(.annotation(Annotation(.warning, text))) }

    /// What is given and not known here is said, as the runner says it.
    func checkNames(_ known: [String]) {
        let unknown = inputs.map(\.name).filter { name in !known.contains { $0.lowercased() == name.lowercased() } }
        guard !unknown.isEmpty, stage == nil else { return }
        warn(
            "Unexpected input(s) '\(unknown.joined(separator: "', '"))', "
                + "valid inputs are ['\(known.joined(separator: "', '"))']")
    }

    /// Does the work on another thread, shows what it has to say, and ends the step by what it returns.
    ///
    /// - Parameters:
    ///   - title: said first, so that the log shows what ran.
    ///   - note: asked when the work is done.
    func perform(
        _ title: String, noting note: @escaping @Sendable () -> String? = { nil },
        _ work: @escaping @Sendable () throws(DiagnosticError) -> NativeReport
    ) {
        line(title)
        loop.offload {
            Result { () throws(DiagnosticError) in try work() }
        } then: { (result: Result<NativeReport, DiagnosticError>) in
            if let text = note() { line(text) }
            switch result {
            case .failure(let error):
                let isStopped = (try? stop.check()) == nil
                complete(isStopped ? .cancelled : .failure(error.diagnostic))
            case .success(let report):
                for entry in report.log {
                    switch entry {
                    case .line(let text): line(text)
                    case .mark(let mark): self.mark(mark)
                    }
                }
                handOn(report.handover)
                if let failure = report.failure { return complete(.failure(failure)) }
                complete(.success(outputs: []))
            }
        }
    }
}

/// What a native action came to, made on a thread of its own.
struct NativeReport: Sendable {
    enum Entry: Sendable {
        case line(String)
        case mark(LogMark)
    }

    var log: [Entry] = []
    var handover = NativeHandover()
    var failure: Diagnostic?

    mutating func line(_ text: String) { log.append(.line(text)) }
    mutating func warn(_ text: String) { log.append(.mark(.annotation(Annotation(.warning, text)))) }
    mutating func output(_ name: String, _ value: String) { handover.outputs.append(.init(name, value)) }
    mutating func keep(_ name: String, _ value: String) { handover.state.append(.init(name, value)) }
}

extension StringProtocol {
    func trimmingBlanks() -> String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
