/// Whose work a statement is, for those who look at the warehouse's own history and at its bill
/// (warehouses.md, E.5). A driver puts it where its warehouse has a place for it.
public struct QueryTag: Sendable, Equatable {
  /// The sync's name; nil for a question about a source alone.
  public var sync: String?
  /// The run's id; nil outside a run.
  public var run: String?

  public init(sync: String? = nil, run: String? = nil) {
    self.sync = sync
    self.run = run
  }

  /// `app=sluice`, then `sync` and `run` where they are known, for warehouses that keep pairs.
  public var pairs: [(key: String, value: String)] {
    [("app", "sluice")]
      + [("sync", sync), ("run", run)].compactMap { key, value in
        value.map { (key: key, value: $0) }
      }
  }

  /// `sluice sync=NAME run=ID`, for warehouses that keep one text.
  public var text: String {
    pairs.dropFirst().reduce(into: "sluice") { $0 += " \($1.key)=\($1.value)" }
  }
}
