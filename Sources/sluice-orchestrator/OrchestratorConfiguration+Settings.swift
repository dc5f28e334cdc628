import Orchestrator
import ServiceRuntime

extension OrchestratorConfiguration {
  /// What the operator may set.
  init(_ settings: Settings) throws(StartupError) {
    self.init()
    shortestIntervalMinutes = Int64(
      try Self.number(settings, "SLUICE_SHORTEST_INTERVAL", in: 5...15) ?? 15
    )
    maximumRuns = try Self.number(settings, "SLUICE_MAXIMUM_RUNS", in: 1...1000) ?? maximumRuns
  }

  private static func number(
    _ settings: Settings,
    _ name: String,
    in range: ClosedRange<Int>
  ) throws(StartupError) -> Int? {
    guard let text = try settings.text(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw StartupError(
        .usage,
        "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound), not \"\(text)\""
      )
    }
    return number
  }
}
