// SPDX-License-Identifier: Apache-2.0

/// What a workflow command asks for. In the order in which it is to be done.
enum CommandEffect: Hashable, Sendable {
    /// The line itself is output.
    case output(String)
    case debug(String)
    case group(String)
    case endGroup
    case annotation(Annotation)
    /// Values to redact from now on.
    case mask([String])
    case setOutput(name: String, value: String)
    case saveState(name: String, value: String)
    case setEnvironment(name: String, value: String)
    case addPath(String)
    /// A problem matcher's file, as given.
    case addMatcher(String)
    /// Of an owner.
    case removeMatcher(String)
    /// Of the owners that a file names.
    case removeMatchersOf(String)
    /// The step fails, whatever its exit code.
    case fail

    static func error(_ message: String) -> CommandEffect { .annotation(Annotation(.error, message)) }
    static func warning(_ message: String) -> CommandEffect { .annotation(Annotation(.warning, message)) }
}

/// What the interpreter has to know of the step.
struct CommandSurroundings {
    /// The step's own `env` context.
    var environment: (String) -> String?
    /// Absolute, without a slash at its end.
    var workspace: String

    fileprivate func isTrue(_ name: String) -> Bool {
        environment(name)?.equalsIgnoringASCIICase("true") ?? false
    }
}

/// Reads the workflow commands of one step attempt. The texts are the runner's: people search for them.
struct CommandInterpreter {
    /// Whether commands are printed too.
    private(set) var echoes: Bool
    /// While there is one, only this name is a command.
    private var stopToken: String?

    init(echoes: Bool = false) { self.echoes = echoes }

    private static let names: Set<String> = [
        "stop-commands", "set-env", "set-output", "save-state", "add-mask", "add-path", "add-matcher", "remove-matcher",
        "debug", "notice", "warning", "error", "group", "endgroup", "echo",
    ]
    private static let longestName = 14

    private func isKnown(_ name: Substring) -> Bool {
        if let stopToken, name.equalsIgnoringASCIICase(stopToken) { return true }
        return name.utf8.count <= Self.longestName && Self.names.contains(name.lowercasedASCII())
    }

    /// What a line asks for; `nil` where it is ordinary output.
    mutating func interpret(_ line: UnsafeRawBufferPointer, _ surroundings: CommandSurroundings) -> [CommandEffect]? {
        guard let command = WorkflowCommand(line: line, isKnown: isKnown) else { return nil }
        let name = command.name.lowercasedASCII()
        if let stopToken {
            guard name.equalsIgnoringASCIICase(stopToken) else { return nil }
            self.stopToken = nil
            return [.output(line.text(0, line.count)), .debug("Resume processing commands")]
        }
        if name == "stop-commands" { return stop(command, line, surroundings) }
        var effects: [CommandEffect] = []
        if echoes, !Self.silentNames.contains(name) { effects.append(.output(line.text(0, line.count))) }
        do throws(CommandMistake) {
            effects += try self.effects(of: command, name, surroundings)
        } catch {
            let shown = Self.silentNames.contains(name) ? name : line.text(0, line.count)
            effects += [.error("Unable to process command '\(shown)' successfully."), .error(error.message), .fail]
        }
        return effects
    }

    /// Commands that are never echoed.
    private static let silentNames: Set<String> = ["add-mask", "debug", "notice", "warning", "error"]

    private mutating func stop(
        _ command: WorkflowCommand, _ line: UnsafeRawBufferPointer, _ surroundings: CommandSurroundings
    ) -> [CommandEffect] {
        let token = command.data
        let isInvalid = token.isEmpty || isKnown(token[...]) || token.equalsIgnoringASCIICase("pause-logging")
        if isInvalid, !surroundings.isTrue("ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS") {
            let text = line.text(0, line.count)
            return [
                .error("Unable to process command '\(text)' successfully."), .error(Self.invalidStopToken), .fail,
            ]
        }
        stopToken = token
        let mask: [CommandEffect] = token.utf16.count > 6 ? [.mask([token])] : []
        return mask + [
            .output(line.text(0, line.count)),
            .debug("Paused processing commands until the token you called ::stopCommands:: with is received"),
        ]
    }

    private mutating func effects(
        of command: WorkflowCommand, _ name: String, _ surroundings: CommandSurroundings
    ) throws(CommandMistake) -> [CommandEffect] {
        let data = command.data
        switch name {
        case "group": return [.group(data)]
        case "endgroup": return [.endGroup]
        case "debug": return [.debug(data)]
        case "notice": return issue(.notice, command, surroundings)
        case "warning": return issue(.warning, command, surroundings)
        case "error": return issue(.error, command, surroundings)
        case "add-mask": return mask(data)
        case "echo": return try echo(data)
        case "set-output":
            return [
                .warning(Self.deprecated(name)), .setOutput(name: try Self.nameProperty(command, name), value: data),
            ]
        case "save-state":
            return [
                .warning(Self.deprecated(name)), .saveState(name: try Self.nameProperty(command, name), value: data),
            ]
        case "set-env":
            try Self.requireUnsecure(name, surroundings)
            let variable = try Self.nameProperty(command, name)
            if variable.equalsIgnoringASCIICase("NODE_OPTIONS") {
                return [.error("Can't update NODE_OPTIONS environment variable using ::set-env:: command.")]
            }
            return [.setEnvironment(name: variable, value: data)]
        case "add-path":
            try Self.requireUnsecure(name, surroundings)
            guard !data.isEmpty else { throw CommandMistake("Value cannot be null or empty. (Parameter 'path')") }
            return [.addPath(data)]
        case "add-matcher":
            return data.isEmpty ? [.warning("File path must be specified.")] : [.addMatcher(data)]
        default:
            return removeMatcher(command)
        }
    }

    private func mask(_ data: String) -> [CommandEffect] {
        guard !data.trimmingBlanks().isEmpty else {
            return [.warning("Can't add secret mask for empty string in ##[add-mask] command.")]
        }
        let lines = data.utf8.split { $0 == .carriageReturn || $0 == .lineFeed }
            .map { String(Substring($0).trimmingBlanks()) }.filter { !$0.isEmpty }
        let values = lines == [data] ? lines : [data] + lines
        return echoes ? [.output("::add-mask::***"), .mask(values)] : [.mask(values)]
    }

    private mutating func echo(_ data: String) throws(CommandMistake) -> [CommandEffect] {
        guard !data.isEmpty else { throw CommandMistake("Value cannot be null or empty. (Parameter 'value')") }
        switch data.trimmingBlanks().uppercasedASCII() {
        case "ON":
            echoes = true
            return [.debug("Setting echo command value to 'on'")]
        case "OFF":
            echoes = false
            return [.debug("Setting echo command value to 'off'")]
        default:
            throw CommandMistake(
                "Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: '\(data)'.")
        }
    }

    private func removeMatcher(_ command: WorkflowCommand) -> [CommandEffect] {
        let owner = command["owner"] ?? ""
        switch (owner.isEmpty, command.data.isEmpty) {
        case (false, false):
            return [
                .warning(
                    "Either specify an owner name or a file path in ##[remove-matcher] command. "
                        + "Both values cannot be set.")
            ]
        case (true, true):
            return [
                .warning("Either an owner name or a file path must be specified in ##[remove-matcher] command.")
            ]
        default:
            return [owner.isEmpty ? .removeMatchersOf(command.data) : .removeMatcher(owner)]
        }
    }

    private static func nameProperty(_ command: WorkflowCommand, _ name: String) throws(CommandMistake) -> String {
        guard let value = command["name"], !value.isEmpty else {
            throw CommandMistake("Required field 'name' is missing in ##[\(name)] command.")
        }
        return value
    }

    private static func requireUnsecure(
        _ name: String, _ surroundings: CommandSurroundings
    ) throws(CommandMistake) {
        guard surroundings.isTrue("ACTIONS_ALLOW_UNSECURE_COMMANDS") else {
            throw CommandMistake(
                "The `\(name)` command is disabled. Please upgrade to using Environment Files or opt into unsecure "
                    + "command execution by setting the `ACTIONS_ALLOW_UNSECURE_COMMANDS` environment variable to "
                    + "`true`. For more information see: https://github.blog/changelog/"
                    + "2020-10-01-github-actions-deprecating-set-env-and-add-path-commands/")
        }
    }

    private static func deprecated(_ name: String) -> String {
        "The `\(name)` command is deprecated and will be disabled soon. Please upgrade to using Environment Files. "
            + "For more information see: https://github.blog/changelog/"
            + "2022-10-11-github-actions-deprecating-save-state-and-set-output-commands/"
    }

    private static let invalidStopToken =
        "You cannot use a endToken that is an empty string, the string 'pause-logging', or another workflow command. "
        + "For more information see: https://docs.github.com/actions/learn-github-actions/"
        + "workflow-commands-for-github-actions#example-stopping-and-starting-workflow-commands or opt into insecure "
        + "command execution by setting the `ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS` environment variable to `true`."
}

/// Why a command cannot be carried out.
private struct CommandMistake: Error {
    var message: String

    init(_ message: String) { self.message = message }
}

// MARK: annotations

extension CommandInterpreter {
    private func issue(
        _ level: Annotation.Level, _ command: WorkflowCommand, _ surroundings: CommandSurroundings
    ) -> [CommandEffect] {
        var place = AnnotationPlace(command)
        let remarks = place.settle(commandName: level.rawValue)
        var annotation = Annotation(level, command.data)
        annotation.title = command["title"]
        annotation.line = place.line
        annotation.endLine = place.endLine
        annotation.column = place.column
        annotation.endColumn = place.endColumn
        if let file = command["file"] {
            let prefix = surroundings.workspace + "/"
            annotation.file = file.hasPrefix(prefix) ? String(file.dropFirst(prefix.count)) : file
        }
        return remarks.map { .debug($0) } + [.annotation(annotation)]
    }
}

/// Lines and columns that go together; those that do not are dropped, with a remark, as the runner does.
private struct AnnotationPlace {
    var line: Int?
    var endLine: Int?
    var column: Int?
    var endColumn: Int?

    init(_ command: WorkflowCommand) {
        func number(_ key: String) -> Int? { command[key].flatMap { Int($0.trimmingBlanks()) } }
        line = number("line")
        endLine = number("endLine")
        column = number("col")
        endColumn = number("endColumn")
    }

    mutating func settle(commandName: String) -> [String] {
        var remarks: [String] = []
        let invalid = "Invalid \(commandName) command value."
        if endLine != nil, line == nil {
            remarks.append("\(invalid) 'endLine' can only be set if 'line' is provided")
            line = endLine
        }
        if endColumn != nil, column == nil {
            remarks.append("\(invalid) 'endColumn' can only be set if 'col' is provided")
            column = endColumn
        }
        let hasColumn = column != nil || endColumn != nil
        if line == nil, hasColumn {
            remarks.append("\(invalid) 'col' and 'endColumn' can only be set if 'line' value is provided.")
            dropColumns()
        } else if let endLine, endLine != line, hasColumn {
            remarks.append(
                "\(invalid) 'col' and 'endColumn' cannot be set if 'line' and 'endLine' are different values.")
            dropColumns()
        }
        if let first = line, let last = endLine, last < first {
            remarks.append("\(invalid) 'endLine' cannot be less than 'line'.")
            line = nil
            endLine = nil
        }
        if let first = column, let last = endColumn, last < first {
            remarks.append("\(invalid) 'endColumn' cannot be less than 'col'.")
            dropColumns()
        }
        return remarks
    }

    private mutating func dropColumns() {
        column = nil
        endColumn = nil
    }
}
