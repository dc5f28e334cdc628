/// What a driver tells those who wait, while it works.
public struct WarehouseNotice: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// The warehouse's compute is not running yet: minutes may pass, and no deadline counts them.
    case starting
    /// It runs, and the statement does.
    case running
  }

  public var kind: Kind
  /// One sentence for people, without secrets.
  public var text: String

  public init(_ kind: Kind, _ text: String) {
    self.kind = kind
    self.text = text
  }

  /// Who listens to the drivers that the current task calls; nobody at first.
  @TaskLocal public static var listener: (@Sendable (WarehouseNotice) async -> Void)?

  /// Tells the listener, if there is one.
  public func tell() async { await Self.listener?(self) }
}
