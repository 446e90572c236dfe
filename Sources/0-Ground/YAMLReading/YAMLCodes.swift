// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

extension DiagnosticCode {
    public static let yamlSyntax = DiagnosticCode(10)
    public static let yamlEncoding = DiagnosticCode(11)
    public static let yamlTooLarge = DiagnosticCode(12)
    public static let yamlTooDeep = DiagnosticCode(13)
    public static let yamlTooManyNodes = DiagnosticCode(14)
    public static let yamlUnknownAlias = DiagnosticCode(15)
    public static let yamlRecursiveAlias = DiagnosticCode(16)
    public static let yamlSeveralDocuments = DiagnosticCode(17)
}
