// SPDX-License-Identifier: Apache-2.0

package import HTTPMessages

/// What every answer with a page in it says to browsers.
package enum PageHeaders {
    /// Nothing inline, nothing from elsewhere. `data:` pictures are allowed for those that style sheets draw.
    package static let contentSecurityPolicy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
        "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    /// The policy, and what goes with it: no sniffing of types, no framing, no address told to other sites, no device.
    package static let security: HTTPHeaders = [
        ("content-security-policy", contentSecurityPolicy),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ]

    /// For a page: what a signed-in person sees is nobody else's, and changes by the second.
    package static let page: HTTPHeaders = HTTPHeaders(
        security.fields + [
            .init("content-type", "text/html; charset=utf-8"),
            .init("cache-control", "private, no-cache"),
            .init("vary", "accept-language, cookie"),
        ])
}
