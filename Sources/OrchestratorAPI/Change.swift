public import Wire

/// `sluice.orchestrator.v1.Change`: what a Put did.
public enum Change: Int32, WireEnum, CaseIterable {
  case unspecified = 0
  case created = 1
  case updated = 2
  case unchanged = 3
}
