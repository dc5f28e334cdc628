/// Times several ways of doing the same, in turns, and compares them turn by turn: a noisy
/// neighbour then counts for all of them.
struct Stopwatch {
  struct Way {
    var name: String
    /// Of a turn; so many that it takes some tens of milliseconds.
    var repeats: Int
    var body: () throws -> Void
  }

  var ways: [Way] = []
  /// Seconds of one repeat, by turn.
  private(set) var seconds: [String: [Double]] = [:]

  mutating func measure(turns: Int) throws {
    for turn in 0...turns {
      for way in ways {
        let duration = try ContinuousClock().measure {
          for _ in 0..<way.repeats { try way.body() }
        }
        // The first warms up.
        if turn > 0 {
          seconds[way.name, default: []].append(duration / .seconds(1) / Double(way.repeats))
        }
      }
    }
  }

  func median(_ name: String) -> Double { Self.median(seconds[name] ?? []) }

  /// How many times as fast `name` is as `other`.
  func ratio(_ name: String, to other: String) -> Double {
    Self.median(zip(seconds[other] ?? [], seconds[name] ?? []).map { $0 / $1 })
  }

  private static func median(_ values: [Double]) -> Double {
    values.isEmpty ? .nan : values.sorted()[values.count / 2]
  }
}
