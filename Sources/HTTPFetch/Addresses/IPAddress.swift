import Glibc

/// An IPv4 or IPv6 address as a number, without a zone.
public struct IPAddress: Sendable, Hashable {
  /// In host order; the low 32 bits for IPv4.
  public let bits: UInt128
  /// 32 or 128.
  public let width: Int

  init(version4 bits: UInt32) {
    self.bits = UInt128(bits)
    width = 32
  }

  init(version6 bits: UInt128) {
    self.bits = bits
    width = 128
  }

  /// Only the canonical spellings of inet_pton(3): four decimal numbers, or RFC 4291's text form.
  /// `0x7f.1`, `2130706433` and `010.0.0.1`, which other readers take for addresses, are nil.
  public init?(_ text: String) {
    guard !text.utf8.contains(0) else { return nil }
    var four = in_addr()
    if inet_pton(AF_INET, text, &four) == 1 {
      self.init(version4: UInt32(bigEndian: four.s_addr))
      return
    }
    var six = in6_addr()
    guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
    self.init(version6: withUnsafeBytes(of: six) { Self.number($0) })
  }

  /// What a connection is about to go to; nil for a family other than these two.
  init?(socketAddress bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= MemoryLayout<sa_family_t>.size else { return nil }
    switch Int32(bytes.loadUnaligned(as: sa_family_t.self)) {
    case AF_INET where bytes.count >= MemoryLayout<sockaddr_in>.size:
      let address = bytes.loadUnaligned(as: sockaddr_in.self)
      self.init(version4: UInt32(bigEndian: address.sin_addr.s_addr))
    case AF_INET6 where bytes.count >= MemoryLayout<sockaddr_in6>.size:
      let address = bytes.loadUnaligned(as: sockaddr_in6.self)
      self.init(version6: withUnsafeBytes(of: address.sin6_addr) { Self.number($0) })
    default:
      return nil
    }
  }

  private static func number(_ bytes: UnsafeRawBufferPointer) -> UInt128 {
    bytes.reduce(0) { $0 << 8 | UInt128($1) }
  }
}

extension IPAddress: CustomStringConvertible {
  public var description: String {
    let bytes = (0..<width / 8).map {
      UInt8(truncatingIfNeeded: bits >> UInt128(width - 8 - 8 * $0))
    }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let family = width == 32 ? AF_INET : AF_INET6
    guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
