/// The addresses that share a prefix: `10.0.0.0/8`, `fd12:3456::/32`, or one address.
public struct AddressRange: Sendable, Hashable {
  public let first: IPAddress
  /// How many leading bits count.
  public let prefix: Int

  init(_ first: IPAddress, prefix: Int) {
    self.first = first
    self.prefix = prefix
  }

  /// Reads what an operator wrote.
  /// - Throws: `FetchError` `invalidSetting` that says what is wrong and how it is written.
  public init(_ text: String) throws(FetchError) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = IPAddress(String(parts[0])) else {
      throw FetchError(
        .invalidSetting,
        "\"\(text.prefix(80))\" is no range of addresses; write 10.1.2.3, 10.0.0.0/8 or fd12::/16"
      )
    }
    var prefix = address.width
    if parts.count == 2 {
      guard let given = Self.number(parts[1]), given <= address.width else {
        throw FetchError(
          .invalidSetting,
          "the prefix of \"\(text.prefix(80))\" is not a number from 0 to \(address.width)"
        )
      }
      prefix = given
    }
    let range = AddressRange(address, prefix: prefix)
    guard address.bits & ~range.mask == 0 else {
      // Somebody who writes 10.1.2.3/8 may mean one address or sixteen million.
      throw FetchError(
        .invalidSetting,
        "\"\(text.prefix(80))\" has bits behind its prefix; write \(address) or \(range.masked)"
      )
    }
    self = range
  }

  public func contains(_ address: IPAddress) -> Bool {
    address.width == first.width && address.bits & mask == first.bits
  }

  private var mask: UInt128 {
    let ones: UInt128 = first.width == 32 ? UInt128(UInt32.max) : .max
    return prefix == 0 ? 0 : ones << UInt128(first.width - prefix) & ones
  }

  private var masked: AddressRange {
    let bits = first.bits & mask
    let address =
      first.width == 32
      ? IPAddress(version4: UInt32(truncatingIfNeeded: bits)) : IPAddress(version6: bits)
    return AddressRange(address, prefix: prefix)
  }

  private static func number(_ text: Substring) -> Int? {
    guard (1...3).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else {
      return nil
    }
    return Int(text)
  }
}

extension AddressRange: CustomStringConvertible {
  public var description: String { "\(first)/\(prefix)" }
}
