/// What kind of network an address is in, by IANA's special-purpose registries (RFC 6890).
public enum AddressClass: String, Sendable, CaseIterable {
  case global
  case loopback
  case privateNetwork = "private"
  case linkLocal = "link-local"
  /// Where a cloud hands out the machine's own credentials.
  case metadata = "a cloud's metadata service"
  /// RFC 6598: behind a provider's or a cloud's own translation.
  case shared = "shared address space (RFC 6598)"
  case multicast
  case unspecified
  case reserved
  /// An IPv4 address inside an IPv6 one: the kernel or a gateway connects to the IPv4 address.
  case translated = "an IPv4 address inside IPv6"

  public init(_ address: IPAddress) {
    let isListed = Self.ranges.first { $0.range.contains(address) }
    if let listed = isListed {
      self = listed.class
    } else if address.width == 128 {
      // Only 2000::/3 is handed out (RFC 4291, section 2.4); the rest is nobody's yet.
      self = address.bits >> 125 == 1 ? .global : .reserved
    } else {
      self = .global
    }
  }

  /// The narrower first.
  private static let ranges: [(range: AddressRange, class: AddressClass)] = [
    four(169, 254, 169, 254, 32, .metadata),
    // Alibaba's and Oracle's; both lie in a range that is refused anyway, as theirs is listed alone.
    four(100, 100, 100, 200, 32, .metadata),
    four(192, 0, 0, 192, 32, .metadata),
    four(0, 0, 0, 0, 8, .unspecified),
    four(10, 0, 0, 0, 8, .privateNetwork),
    four(100, 64, 0, 0, 10, .shared),
    four(127, 0, 0, 0, 8, .loopback),
    four(169, 254, 0, 0, 16, .linkLocal),
    four(172, 16, 0, 0, 12, .privateNetwork),
    four(192, 0, 0, 0, 24, .reserved),
    four(192, 0, 2, 0, 24, .reserved),
    four(192, 88, 99, 0, 24, .reserved),
    four(192, 168, 0, 0, 16, .privateNetwork),
    four(198, 18, 0, 0, 15, .reserved),
    four(198, 51, 100, 0, 24, .reserved),
    four(203, 0, 113, 0, 24, .reserved),
    four(224, 0, 0, 0, 4, .multicast),
    four(240, 0, 0, 0, 4, .reserved),
    six(0xfd00_0ec2, low: 0x254, 128, .metadata),
    six(0, low: 0, 128, .unspecified),
    six(0, low: 1, 128, .loopback),
    // ::ffff:0:0/96 mapped, ::/96 compatible (RFC 4291), 64:ff9b::/96 and 64:ff9b:1::/48 (RFC 6052,
    // RFC 8215), 2002::/16 (RFC 3056), 2001::/32 (RFC 4380).
    six(0, low: 0xffff_0000_0000, 96, .translated),
    six(0, low: 0, 96, .translated),
    six(0x0064_ff9b, low: 0, 96, .translated),
    six(0x0064_ff9b, middle: 0x0001_0000, low: 0, 48, .translated),
    six(0x2002_0000, low: 0, 16, .translated),
    six(0x2001_0000, low: 0, 32, .translated),
    // RFC 2928, RFC 3849, RFC 9637.
    six(0x2001_0000, low: 0, 23, .reserved),
    six(0x2001_0db8, low: 0, 32, .reserved),
    six(0x3fff_0000, low: 0, 20, .reserved),
    six(0xfc00_0000, low: 0, 7, .privateNetwork),
    six(0xfe80_0000, low: 0, 10, .linkLocal),
    // Site-local, withdrawn by RFC 3879 and still routed by some.
    six(0xfec0_0000, low: 0, 10, .privateNetwork),
    six(0xff00_0000, low: 0, 8, .multicast),
  ]

  private static func four(
    _ a: UInt32,
    _ b: UInt32,
    _ c: UInt32,
    _ d: UInt32,
    _ prefix: Int,
    _ class: AddressClass
  ) -> (range: AddressRange, class: AddressClass) {
    let bits = a << 24 | b << 16 | c << 8 | d
    return (AddressRange(IPAddress(version4: bits), prefix: prefix), `class`)
  }

  private static func six(
    _ high: UInt32,
    middle: UInt32 = 0,
    low: UInt64,
    _ prefix: Int,
    _ class: AddressClass
  ) -> (range: AddressRange, class: AddressClass) {
    let bits = UInt128(high) << 96 | UInt128(middle) << 64 | UInt128(low)
    return (AddressRange(IPAddress(version6: bits), prefix: prefix), `class`)
  }
}
