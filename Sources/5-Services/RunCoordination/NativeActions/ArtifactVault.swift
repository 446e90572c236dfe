// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import ObjectStorage
internal import ProcessControl
internal import RuntimeServices
internal import StepExecution
internal import Timekeeping
internal import ZipArchives

/// The artifacts of one repository, where the services have them too: unmodified actions and native ones see each
/// other's. Called on threads that may block.
struct ArtifactVault: Sendable {
    /// Where archives are made before they are published.
    let drafts: FileBlobShelf
    let shelf: any BlobShelf
    let index: any EntryIndex
    /// Where what is not on the shelf comes from.
    let source: CopySource
    var objects: (any ObjectStore)? { source.objects }

    static let zip = "application/zip"
    private static let patience = Duration.seconds(600)
    private static let patienceSeconds: Int64 = 600
    private let folder: String

    /// - Parameters:
    ///   - folder: of the repository's services.
    ///   - far: the server that has the artifacts; `nil`: they are in the folder.
    ///   - source: where what is not in the folder comes from.
    init(folder: String, far: FarStorage? = nil, source: CopySource = .none) {
        self.folder = folder
        self.source = source
        drafts = far?.shelf ?? FileBlobShelf(folder: folder)
        shelf = far.map { FarBlobShelf(storage: $0) } ?? drafts
        index = far.map { FarEntryIndex(storage: $0) } ?? FileEntryIndex(folder: folder + "/index")
    }

    /// Of a server, which may keep artifacts as objects.
    init(folder: String, objects: (any ObjectStore)?) {
        self.init(folder: folder, source: objects.map { .store($0) } ?? .none)
    }

    /// Those of a run that have not expired, of each name the newest attempt's; the older first.
    func visible(run: String) throws(DiagnosticError) -> [ArtifactEntry] {
        let now = Timestamp.now()
        return try index.artifacts(ofRun: run).filter { $0.expires.map { now < $0 } ?? true }.newestByName
    }

    // MARK: uploading

    /// What is to become an artifact.
    struct Upload: Sendable {
        var name: String
        /// Paths in the artifact and on the disk.
        var files: [ZipItem]
        var origin: EntryOrigin
        var retentionDays: Int64
        var compressionLevel = 6
        var overwrites = false
        var stop = NativeStop()
    }

    /// The toolkit's rule of names.
    static func check(_ name: String) throws(DiagnosticError) {
        guard !ArtifactEntry.accepts(name) else { return }
        let found = ArtifactEntry.barredScalar(in: name).map { " Contains the following character: \($0)" } ?? ""
        throw DiagnosticError(.nativeInputInvalid, "The artifact name is not valid: \(name).\(found)")
    }

    private static func taken(_ name: String) -> DiagnosticError {
        DiagnosticError(
            .artifactTaken,
            "Failed to CreateArtifact: an artifact with this name already exists on the workflow run: '\(name)'",
            remedy: "Give it another name, or set 'overwrite: true'.")
    }

    /// One archive, as the fourth version has it. It is visible once it is whole.
    func addArchive(_ upload: Upload) throws(DiagnosticError) -> ArtifactEntry {
        try ready(upload)
        let draft = try drafts.draft()
        defer { try? Files.remove(draft) }
        try ZipWriting.write(
            upload.files, to: draft, level: upload.compressionLevel, checkpoint: upload.stop.check)
        try upload.stop.check()
        return try add(try drafts.take(draft), Self.zip, upload)
    }

    /// One file as it is.
    func addFile(_ upload: Upload) throws(DiagnosticError) -> ArtifactEntry {
        try ready(upload)
        return try add(try store(upload.files[0].path), "application/octet-stream", upload)
    }

    private func ready(_ upload: Upload) throws(DiagnosticError) {
        try Self.check(upload.name)
        // A name that is taken is said before the work is done.
        guard !upload.overwrites else { return }
        let taken = try visible(run: upload.origin.run).contains {
            $0.name == upload.name && $0.origin.attempt == upload.origin.attempt && $0.origin != upload.origin
        }
        if taken { throw Self.taken(upload.name) }
    }

    private func add(
        _ blob: StoredBlob, _ mediaType: String, _ upload: Upload
    ) throws(DiagnosticError) -> ArtifactEntry {
        let now = Timestamp.now()
        let entry = ArtifactEntry(
            id: CacheVault.newID(now), name: upload.name, content: .archive(blob), mediaType: mediaType, created: now,
            expires: now + .days(upload.retentionDays), origin: upload.origin)
        let all = try index.artifacts(ofRun: upload.origin.run)
        let old = all.first { $0.name == upload.name && $0.origin.attempt == upload.origin.attempt }
        let isExpired = old?.expires.map { $0 <= now } ?? false
        // A step that was cut off, or is tried again, uploads what it had uploaded.
        let isOwn = old?.origin == upload.origin
        guard try index.add(entry, replacing: upload.overwrites || isExpired || isOwn) else {
            try shelf.remove(blob)
            throw Self.taken(upload.name)
        }
        for blob in old?.blobs ?? [] { try? shelf.remove(blob) }
        return entry
    }

    /// Held by whoever adds files to an artifact that may have some.
    func addingLockPath() throws(DiagnosticError) -> String {
        try Trees.make(folder, mode: 0o700)
        return folder + "/adding.lock"
    }

    /// Files beside those that the run's artifact of that name has already, as the third version has it.
    func addFiles(_ upload: Upload) throws(DiagnosticError) -> ArtifactEntry {
        try Self.check(upload.name)
        // Other jobs add to the same one: what it has is read, changed and replaced by one at a time.
        let lock = try FileLock.waiting(path: try addingLockPath(), until: .now() + .seconds(Self.patienceSeconds))
        defer { withExtendedLifetime(lock) {} }
        var files: [ArtifactFile] = []
        for item in upload.files {
            try upload.stop.check()
            let blob = try store(item.path)
            files.append(ArtifactFile(path: item.name, blob: blob, isGzip: false, sizeBytes: blob.sizeBytes))
        }
        let now = Timestamp.now()
        let old = try visible(run: upload.origin.run).first { $0.name == upload.name }
        // The one that is added to takes it all, whichever attempt made it: no two entries have one file.
        var origin = upload.origin
        origin.attempt = old?.origin.attempt ?? origin.attempt
        if let old, case .files(let others) = old.content {
            let names = Set(files.map(\.path))
            files = others.filter { !names.contains($0.path) } + files
        }
        let entry = ArtifactEntry(
            id: old?.id ?? CacheVault.newID(now), name: upload.name, content: .files(files),
            mediaType: "application/octet-stream", created: now, expires: now + .days(upload.retentionDays),
            origin: origin)
        _ = try index.add(entry, replacing: true)
        return entry
    }

    private func store(_ path: String) throws(DiagnosticError) -> StoredBlob {
        let upload = try shelf.beginUpload()
        do throws(DiagnosticError) {
            let block = try shelf.openBlock("whole", of: upload)
            try Files.read(path) { (bytes) throws(DiagnosticError) in try block.append(bytes) }
            try block.finish()
            return try shelf.commit(["whole"], of: upload)
        } catch {
            shelf.discard(upload)
            throw error
        }
    }

    // MARK: downloading

    func draft() throws(DiagnosticError) -> String { try drafts.draft() }

    /// Makes a zip archive of an artifact, whatever it is kept as.
    ///
    /// - Returns: whether the bytes are those that were stored.
    func makeArchive(of entry: ArtifactEntry, at path: String) throws(DiagnosticError) -> Bool {
        if case .archive(let blob) = entry.content, entry.mediaType == Self.zip {
            return try BlobCopy.copy(try open(blob, of: entry.origin.run), blob, to: path)
        }
        let folder = path + ".files"
        defer { try? Trees.remove(folder) }
        guard try unpack(entry, to: folder) else { return false }
        var items: [ZipItem] = []
        var open = [""]
        while let inner = open.popLast() {
            for file in try Trees.list(folder + inner) {
                let place = "\(inner)/\(file.name)"
                if Files.isDirectory(folder + place) {
                    open.append(place)
                } else {
                    items.append(ZipItem(name: String(place.dropFirst()), path: folder + place))
                }
            }
        }
        try ZipWriting.write(items, to: path, level: 1)
        return true
    }

    /// - Returns: whether the bytes are those that were stored; with `keepsDamaged` they are unpacked all the same.
    func unpack(
        _ entry: ArtifactEntry, to path: String, keepsDamaged: Bool = false, keepsArchive: Bool = false,
        stop: NativeStop = NativeStop()
    ) throws(DiagnosticError) -> Bool {
        try Trees.make(path)
        let folder = try ConfinedFolder(path: path)
        switch entry.content {
        case .archive(let blob):
            if entry.mediaType != Self.zip || keepsArchive {
                let name = entry.mediaType == Self.zip ? entry.name + ".zip" : entry.name
                return try write(try open(blob, of: entry.origin.run), blob, name, folder)
            }
            let draft = try drafts.draft()
            defer { try? Files.remove(draft) }
            let isSound = try BlobCopy.copy(try open(blob, of: entry.origin.run), blob, to: draft)
            guard isSound || keepsDamaged else { return false }
            try ZipReading.unpack(draft, to: folder, checkpoint: stop.check)
            return isSound
        case .files(let files):
            var isSound = true
            for file in files {
                try stop.check()
                if try !write(file, of: entry.origin.run, folder) { isSound = false }
            }
            return isSound
        }
    }

    /// From the shelf, or from where it is kept when its run is over.
    ///
    /// - Throws: ``DiagnosticCode/blobUnreadable``.
    func open(_ blob: StoredBlob, of run: String) throws(DiagnosticError) -> any BlobReader {
        if let objects, !drafts.has(blob) {
            return StoredBlobReader(blob, try StoredKeys.artifact(blob, of: run), objects)
        }
        if case .server = source { return try source.shelf(over: drafts, run: run).open(blob) }
        return try shelf.open(blob)
    }

    private func write(
        _ reader: any BlobReader, _ blob: StoredBlob, _ name: String, _ folder: ConfinedFolder
    ) throws(DiagnosticError) -> Bool {
        let file = try folder.file(name)
        return try BlobCopy.read(reader, blob) { (bytes) throws(DiagnosticError) in try file.write(bytes) }
    }

    private func write(
        _ file: ArtifactFile, of run: String, _ folder: ConfinedFolder
    ) throws(DiagnosticError) -> Bool {
        let reader = try open(file.blob, of: run)
        guard file.isGzip else { return try write(reader, file.blob, file.path, folder) }
        let draft = try drafts.draft() + ".gz"
        let plain = String(draft.dropLast(3))
        defer {
            try? Files.remove(draft)
            try? Files.remove(plain)
        }
        guard try BlobCopy.copy(reader, file.blob, to: draft) else { return false }
        var gzip = HelperCommand("gzip", ["-d", "-f", draft])
        gzip.patience = Self.patience
        let outcome = try gzip.run()
        guard outcome.succeeded else {
            throw DiagnosticError(.zipUnreadable, "'\(file.path)' cannot be unpacked: \(outcome.errorText)")
        }
        let target = try folder.file(file.path)
        try Files.read(plain) { (bytes) throws(DiagnosticError) in try target.write(bytes) }
        return true
    }

    func remove(_ entry: ArtifactEntry) throws(DiagnosticError) {
        try index.remove(entry)
        for blob in entry.blobs { try shelf.remove(blob) }
        try StoredKeys.remove(entry, from: objects)
    }
}
