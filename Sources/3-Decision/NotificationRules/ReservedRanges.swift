// SPDX-License-Identifier: Apache-2.0

/// Addresses that are not of the public Internet.
///
/// Source: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890 and its updates), multicast (RFC
/// 5771, RFC 4291), and what cloud providers document of their metadata services.
enum ReservedRanges {
    struct Named: Hashable, Sendable {
        var range: AddressRange
        var name: String
    }

    static let all: [Named] = [
        ("0.0.0.0/8", "this machine"), ("127.0.0.0/8", "this machine"), ("::1/128", "this machine"),
        ("::/128", "this machine"), ("10.0.0.0/8", "a private network"), ("172.16.0.0/12", "a private network"),
        ("192.168.0.0/16", "a private network"), ("100.64.0.0/10", "a private network"),
        ("fc00::/7", "a private network"), ("fec0::/10", "a private network"), ("169.254.0.0/16", "the local network"),
        ("fe80::/10", "the local network"), ("224.0.0.0/4", "a group of machines"), ("ff00::/8", "a group of machines"),
        ("192.0.0.0/24", "a reserved network"), ("192.0.2.0/24", "a reserved network"),
        ("192.88.99.0/24", "a reserved network"), ("198.18.0.0/15", "a reserved network"),
        ("198.51.100.0/24", "a reserved network"), ("203.0.113.0/24", "a reserved network"),
        ("240.0.0.0/4", "a reserved network"), ("::/96", "a reserved network"),
        ("64:ff9b:1::/48", "a reserved network"),
        ("100::/64", "a reserved network"), ("2001::/23", "a reserved network"),
        ("2001:db8::/32", "a reserved network"),
        ("2002::/16", "a reserved network"), ("3fff::/20", "a reserved network"), ("5f00::/16", "a reserved network"),
    ].compactMap { text, name in AddressRange(text).map { Named(range: $0, name: name) } }

    /// AWS, Azure, Google and others; Alibaba; Oracle; AWS over IPv6; Azure's host.
    static let metadata: [AddressRange] = [
        "169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "168.63.129.16",
    ].compactMap { AddressRange($0) }
}
