public import HTTPFetch
public import SyncModel

/// What drivers get from the process that links them.
public struct WarehouseSurroundings: Sendable {
  /// Where a driver that speaks HTTP may connect to (design, decision 16).
  public var egress: AddressPolicy
  public var world: World
  /// `name/version`, as RFC 9110, section 10.1.5 has it.
  public var userAgent: String

  public init(egress: AddressPolicy = AddressPolicy(), world: World, userAgent: String) {
    self.egress = egress
    self.world = world
    self.userAgent = userAgent
  }
}
