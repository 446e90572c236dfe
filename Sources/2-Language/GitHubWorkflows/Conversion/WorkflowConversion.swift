// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// Makes a typed workflow of tokens that fit the schema, and checks what the schema cannot say.
struct WorkflowConversion {
    var log: ReadingLog

    init(log: ReadingLog) {
        self.log = log
    }

    /// Converts the root of a workflow file. What is wrong goes to the log; the result is then incomplete.
    /// Jobs have the permissions that they name themselves.
    mutating func workflow(_ root: TemplateToken) -> Workflow {
        var result = Workflow(files: log.files)
        for entry in root.entries ?? [] {
            switch entry.key.string {
            case "on": result.triggers = triggers(entry.value)
            case "name": result.name = located(entry.value)
            case "description": result.description = located(entry.value)
            case "run-name": result.runName = entry.value
            case "defaults": result.defaults = entry.value
            case "env": result.env = entry.value
            case "concurrency":
                checkConcurrency(entry.value)
                result.concurrency = entry.value
            case "permissions": result.permissions = permissions(entry.value)
            case "cache-mode": result.cacheMode = located(entry.value)
            case "jobs": result.jobs = jobs(entry.value)
            default: break
            }
        }
        return result
    }

    func located(_ token: TemplateToken) -> LocatedText? {
        token.literalText.map { LocatedText($0, token.place) }
    }

    mutating func checkConcurrency(_ token: TemplateToken) {
        let group = token.string ?? token["group"]?.string
        if let group, group.utf16.count > 400 {
            log.error(
                .concurrencyGroupTooLong, "Concurrency group name must be less than 400 characters", at: token.place)
        }
    }

    func permissions(_ token: TemplateToken) -> Permissions? {
        switch token.string {
        case "read-all": return Permissions(all: .read)
        case "write-all": return Permissions(all: .write)
        default: break
        }
        guard let entries = token.entries else { return nil }
        var result = Permissions()
        for entry in entries {
            guard let scope = entry.key.string.flatMap(PermissionScope.init(rawValue:)),
                let level = entry.value.string.flatMap({ PermissionLevel(text: $0) })
            else { continue }
            result[scope] = level
        }
        return result
    }
}
