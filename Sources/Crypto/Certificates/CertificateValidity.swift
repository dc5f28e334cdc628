import Glibc

/// From when until when a certificate counts, in whole seconds since 1970-01-01T00:00:00Z.
public struct CertificateValidity: Sendable, Equatable {
  public var notBefore: Int64
  public var notAfter: Int64

  public init(notBefore: Int64, notAfter: Int64) {
    self.notBefore = notBefore
    self.notAfter = notAfter
  }

  /// `days` days from now (1 to 36,500; nearest bound otherwise), and five minutes before now, for
  /// machines whose clocks are behind.
  public static func days(_ days: Int) -> Self { Self.days(days, from: Int64(time(nil))) }

  /// The same, from `now`.
  public static func days(_ days: Int, from now: Int64) -> Self {
    let days = Int64(min(max(days, 1), 36_500))
    return Self(notBefore: now &- 300, notAfter: now &+ days &* 86_400)
  }
}
