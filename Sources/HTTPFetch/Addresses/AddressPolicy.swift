/// Where a user's host name may lead: public addresses, and what the operator lists.
///
/// Hosts come from users (design, decision 16), so the address is asked about when a connection is
/// made to it, after the name was resolved: a name that changes its address between a check and the
/// connection gains nothing (reliability.md 5.3).
public struct AddressPolicy: Sendable {
  /// Addresses besides the public ones. A metadata address must be listed alone, as a range of one.
  public var allowed: [AddressRange]
  /// Addresses that are refused even if public or allowed: the operator's own services.
  public var refused: [AddressRange]
  /// Plain `http`, for a test or a sidecar on this machine; TLS otherwise.
  public var allowsPlainHTTP: Bool
  /// Ports below 1024 belong to other protocols; these may be used all the same, and all above 1023.
  public var lowPorts: Set<Int>
  /// The name of the operator's setting that fills `allowed`, for errors.
  public var setting: String

  public init(
    allowed: [AddressRange] = [],
    refused: [AddressRange] = [],
    allowsPlainHTTP: Bool = false,
    lowPorts: Set<Int> = [443],
    setting: String = "SLUICE_EGRESS_ALLOW"
  ) {
    self.allowed = allowed
    self.refused = refused
    self.allowsPlainHTTP = allowsPlainHTTP
    self.lowPorts = lowPorts
    self.setting = setting
  }

  /// nil when a connection to `address` may be made, otherwise why not and what would allow it.
  public func refusal(of address: IPAddress) -> String? {
    if refused.contains(where: { $0.contains(address) }) {
      return "\(address) is an address that this installation never connects to"
    }
    let kind = AddressClass(address)
    let isListed = allowed.contains { range in
      range.contains(address) && (kind != .metadata || range.prefix == address.width)
    }
    if kind == .global || isListed { return nil }
    return "\(address) is \(Self.phrase(kind)); an operator who means it adds"
      + " \(address)/\(address.width) to \(setting)"
  }

  /// nil when a request to `url` may be tried; its addresses are asked about later.
  public func refusal(of url: HTTPURL) -> String? {
    if url.scheme == .http && !allowsPlainHTTP {
      return "\(url.origin) is not encrypted; use https"
    }
    let isOpenPort =
      url.port > 1023 || lowPorts.contains(url.port) || (url.scheme == .http && url.port == 80)
    if !isOpenPort {
      return
        "port \(url.port) of \(url.origin) belongs to another protocol; use 443 or one above 1023"
    }
    if case .address(let address) = url.host { return refusal(of: address) }
    return nil
  }

  private static func phrase(_ kind: AddressClass) -> String {
    switch kind {
    case .metadata, .shared, .translated: kind.rawValue
    default: "\(kind.rawValue == "unspecified" ? "an" : "a") \(kind.rawValue) address"
    }
  }
}
