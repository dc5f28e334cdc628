/// The hosts that a driver may be pointed at: `*.snowflakecomputing.com` or one name.
///
/// A star stands for one or more labels in front, never for a part of one.
public struct HostPattern: Sendable, Hashable {
  private let suffix: String
  private let hasStar: Bool

  /// - Throws: `FetchError` `invalidSetting` unless it is a name, or `*.` and a name.
  public init(_ text: String) throws(FetchError) {
    hasStar = text.hasPrefix("*.")
    guard case .name(let name)? = try? Host(hasStar ? String(text.dropFirst(2)) : text) else {
      throw FetchError(
        .invalidSetting,
        "\"\(text.prefix(80))\" is no pattern of hosts; write host.example or *.example"
      )
    }
    suffix = name
  }

  public func matches(_ host: Host) -> Bool {
    guard case .name(let name) = host else { return false }
    guard hasStar else { return name.utf8.elementsEqual(suffix.utf8) }
    return name.utf8.count > suffix.utf8.count + 1
      && name.utf8.suffix(suffix.utf8.count + 1).elementsEqual(".\(suffix)".utf8)
  }
}

extension HostPattern: CustomStringConvertible {
  public var description: String { hasStar ? "*.\(suffix)" : suffix }
}
