// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What went wrong with a call, in words for people: the libraries below say it with numbers and places in their source.
enum CallFailure {
    /// - Parameter isSecure: whether TLS was spoken.
    static func words(_ error: any Error, isSecure: Bool) -> String {
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return "nobody whom this machine trusts has signed its certificate; name a file with the authority's by "
                + "--trust or MARTLET_TRUST"
        }
        if ["failedToValidateHostname", "unableToValidateCertificate", "noCommonName"].contains(where: text.contains) {
            return "its certificate is for another name"
        }
        if ["WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST"].contains(where: text.contains) {
            return "it does not speak TLS there; try http:// in its address"
        }
        if text.contains("remoteConnectionClosed") || text.contains("uncleanShutdown")
            || text.contains("closed channel")
        {
            return "it closed the connection" + (isSecure ? "" : "; perhaps it speaks https:// there")
        }
        if ["deadlineExceeded", "connectTimeout", "readTimeout"].contains(where: text.contains) {
            return "it took too long"
        }
        if let number = systemError(text) { return String(cString: strerror(number)).lowercased() }
        // Places in the source of what was built say nothing to anybody here.
        return text.firstRange(of: " at /").map { String(text[..<$0.lowerBound]) } ?? text
    }

    /// `…(errno: 111)`.
    private static func systemError(_ text: String) -> Int32? {
        guard let mark = text.firstRange(of: "errno: ") else { return nil }
        return Int32(text[mark.upperBound...].prefix { $0.isNumber })
    }
}
