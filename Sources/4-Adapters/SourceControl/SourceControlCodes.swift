// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension DiagnosticCode {
    static let gitFailed = DiagnosticCode(450)
    static let checkoutFailed = DiagnosticCode(451)
    /// Another repository could not be fetched.
    static let fetchFailed = DiagnosticCode(455)
    /// A project's remote could not be asked: the network, the address or the credential.
    package static let mirrorUnreachable = DiagnosticCode(1140)
    /// A project's remote does not have a commit.
    package static let commitMissing = DiagnosticCode(1141)
    /// A name from outside that is no ref.
    package static let refUnusable = DiagnosticCode(1142)
    /// The files that planning needs of a commit are too many or too large.
    package static let commitFilesTooLarge = DiagnosticCode(1143)
    /// A server cannot give a runner the code of its job.
    package static let codeNotGiven = DiagnosticCode(1290)
    /// A runner could not take what its server gave of a job's code.
    package static let codeNotTaken = DiagnosticCode(1291)
}
