import Glibc
import Testing

/// `SLUICE_RUN_HISTORIES` says how many are played (100 unless told otherwise), from
/// `SLUICE_RUN_HISTORY_SEED` on: each has the seed after the one before.
///
/// Real are the run (`RunExecutor` and all below it), the writer with its messages, and the profile
/// store over SQLite. Played are the warehouse, the line between, and the epochs and incarnations, which
/// count up.
@Suite("Random histories of whole runs (I1 to I5, I8, I10)")
struct RunHistoryTests {
  @Test(
    "nothing is lost and nothing doubled, whatever ends where",
    .timeLimit(.minutes(240))
  )
  func histories() async throws {
    let count = Self.number("SLUICE_RUN_HISTORIES")
    let first = Self.number("SLUICE_RUN_HISTORY_SEED") ?? 1
    let figures = try await Self.play(first..<(first + (count ?? 100)), nil)
    if count != nil { print(figures.summary) }
    #expect(figures.problems.isEmpty, "\(figures.problems.prefix(5))")
    #expect(figures.lost == 0)
    #expect(figures.doubled == 0)
    // Each of the faults has happened, or this proved nothing.
    guard figures.histories >= 100 else { return }
    for happened in [
      figures.completed, figures.repeats, figures.refusals, figures.writerDeaths,
      figures.orchestratorDeaths, figures.stale, figures.ghosts, figures.remade,
    ] {
      #expect(happened > figures.histories / 20, "\(figures.summary)")
    }
  }

  @Test(
    "what is broken on purpose is found: fence, cursor, ledger, incarnation",
    .timeLimit(.minutes(10)),
    arguments: Mutation.allCases
  )
  func mutated(_ mutation: Mutation) async throws {
    let figures = try await Self.play(1..<201, mutation)
    if Self.number("SLUICE_RUN_HISTORIES") != nil { print("\(mutation): \(figures.summary)") }
    #expect(figures.lost + figures.doubled > 0, "\(figures.summary)")
    if mutation == .fenceOff { #expect(figures.doubled > 0, "\(figures.summary)") }
    if mutation != .fenceOff { #expect(figures.lost > 0, "\(figures.summary)") }
  }

  // MARK: Parts

  /// As many at a time as the machine has processors, each on a store of its own, which is made anew
  /// now and then.
  private static func play(_ seeds: Range<UInt64>, _ mutation: Mutation?) async throws
    -> HistoryFigures
  {
    let workers = max(1, UInt64(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    return try await withThrowingTaskGroup(of: HistoryFigures.self) { group in
      for worker in 0..<workers {
        group.addTask {
          var figures = HistoryFigures()
          let share = Array(seeds.filter { $0 % workers == worker })
          for start in stride(from: 0, to: share.count, by: 250) {
            let bench = try await HistoryBench()
            for seed in share[start..<min(start + 250, share.count)] {
              var history = RunHistory(bench, seed: seed, mutation)
              try await history.play()
              figures += history.figures
            }
            await bench.close()
          }
          return figures
        }
      }
      return try await group.reduce(into: HistoryFigures()) { $0 += $1 }
    }
  }

  private static func number(_ name: String) -> UInt64? {
    getenv(name).flatMap { UInt64(String(cString: $0)) }
  }
}
