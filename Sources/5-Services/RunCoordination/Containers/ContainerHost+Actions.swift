// SPDX-License-Identifier: Apache-2.0

internal import ContainerEngine
internal import Crypto
internal import Diagnostics
internal import StepExecution
internal import Synchronization

/// Docker actions: a container each, in the job's network.
extension ContainerHost {
    func run(_ action: ContainerAction, _ output: OutputDescriptor, _ process: ContainedCall) -> ContainerExit {
        do throws(DiagnosticError) {
            let engine = try engine()
            let image = try image(action.image, engine, output, process)
            var configuration = ContainerConfiguration(image: image)
            configuration.name = owner.name("action-\(ContentDigest.of(Array("\(output.descriptor)".utf8)).prefix(4))")
            configuration.entrypoint = action.entrypoint.map { [$0] }
            configuration.command = action.arguments.isEmpty ? nil : action.arguments
            configuration.environment = action.environment
            configuration.workingDirectory = action.folder
            configuration.volumes = action.mounts.map(\.volume) + socket(engine)
            configuration.network.mode = try network(engine).name
            complete(&configuration)
            let id = try engine.createContainer(configuration, process.call).id
            state.withLock { $0.containers.append(id) }
            process.containerID = id
            let exit = Result { () throws(DiagnosticError) in
                try Self.watching { () throws(DiagnosticError) in try carry(id, engine, output, process) }
            }
            try? engine.removeContainer(id, force: true)
            return try exit.get()
        } catch {
            return .failed(error)
        }
    }

    private func carry(
        _ id: String, _ engine: EngineClient, _ output: OutputDescriptor, _ process: ContainedCall
    ) throws(DiagnosticError) -> ContainerExit {
        try engine.startContainer(id, process.call)
        var request = LogRequest()
        request.isFollowed = true
        try engine.logs(of: id, request, process.call) { _, bytes in output.write(bytes) }
        let code = try engine.waitForContainer(id, process.call)
        guard code != 0 else { return .ended(code: 0, isOutOfMemory: false) }
        return .ended(code: code, isOutOfMemory: try engine.inspectContainer(id).isOOMKilled)
    }

    func signal(_ number: Int32, _ process: ContainedCall) {
        process.noteStop()
        guard let id = process.containerID, let engine = try? engines.client() else {
            // It is still being built or pulled.
            return process.cancellation.cancel()
        }
        // One that has ended meanwhile needs none.
        try? engine.killContainer(id, signal: String(number))
    }

    // MARK: images

    private func image(
        _ image: ContainerAction.Image, _ engine: EngineClient, _ output: OutputDescriptor, _ process: ContainedCall
    ) throws(DiagnosticError) -> String {
        switch image {
        case .pulled(let name):
            try bring(name, nil, engine, process.call) { output.line($0) }
            return name
        case .built(let folder, let dockerfile):
            return try build(folder, dockerfile, engine, output, process)
        }
    }

    /// An image is known by all that it is made from: what was built once is there the next time.
    private func build(
        _ folder: String, _ dockerfile: String, _ engine: EngineClient, _ output: OutputDescriptor,
        _ process: ContainedCall
    ) throws(DiagnosticError) -> String {
        let files = try BuildContext(folder: folder, dockerfile: dockerfile)
        var digest = SHA256()
        digest.update(data: Array(dockerfile.utf8))
        var pieces = files.pieces()
        while let piece = try pieces.next() { digest.update(data: piece) }
        let tag = digest.finalize().prefix(12).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let name = "martlet-action:\(tag)"
        do {
            return try engine.inspectImage(name, process.call).id
        } catch {
            guard error.diagnostic.code == .engineObjectMissing else { throw error }
        }
        output.line("##[group]Build container image")
        var build = ImageBuild()
        build.tags = [name]
        build.dockerfile = dockerfile
        build.labels = [ContainerOwner.storeKey: owner.store]
        var source = files.pieces()
        let id = try engine.buildImage(build, process.call) { () throws(DiagnosticError) in
            try source.next()
        } progress: { step throws(DiagnosticError) in
            var text = step.text
            text.withUTF8 { output.write(UnsafeRawBufferPointer($0)) }
        }
        output.line("##[endgroup]")
        return id
    }
}
