import Destination
import Destinations
import RPC
import SyncModel
import WriterAPI

@testable import Orchestrator

/// What many histories came to.
struct HistoryFigures: Sendable {
  var histories = 0
  var runs = 0
  var completed = 0
  var rowsRead: Int64 = 0
  var batches = 0
  var effects = 0
  var repeats = 0
  var refusals = 0
  var writerDeaths = 0
  var orchestratorDeaths = 0
  /// Runs of an orchestrator that stood still while another one had the sync.
  var stale = 0
  /// Batches that arrived once more, late.
  var ghosts = 0
  /// How often the sync was deleted and made again.
  var remade = 0
  var lost = 0
  var doubled = 0
  /// What was wrong, with the seed.
  var problems: [String] = []

  var summary: Self {
    var summary = self
    summary.problems = Array(problems.prefix(3))
    return summary
  }

  static func += (a: inout Self, b: Self) {
    a.histories += b.histories
    a.runs += b.runs
    a.completed += b.completed
    a.rowsRead += b.rowsRead
    a.batches += b.batches
    a.effects += b.effects
    a.repeats += b.repeats
    a.refusals += b.refusals
    a.writerDeaths += b.writerDeaths
    a.orchestratorDeaths += b.orchestratorDeaths
    a.stale += b.stale
    a.ghosts += b.ghosts
    a.remade += b.remade
    a.lost += b.lost
    a.doubled += b.doubled
    a.problems += b.problems
  }
}

/// One random history of a sync: rows that are committed new, late, twice or again, and runs that end
/// anywhere, by orchestrators of which one may be stale; and the sync may be deleted and made again under
/// its name, whatever goes on.
///
/// The model knows no cursor and no ledger. It knows what each SELECT found: of a version, at least as
/// many effects as copies in a run that succeeded, and as in the table at the end; at most as many as
/// copies in the fullest snapshot. A sync that is made again brings all of it once more.
struct RunHistory {
  private let bench: HistoryBench
  private let seed: UInt64
  private let workspace: String
  private let table: SourceTable
  private let destination: WatchedDestination
  private let writer: any RPCTransport
  private var dice: SplitMix
  /// In ticks: how late a row may be committed.
  private let overlap: Int64
  private var incarnation: UInt64 = 0
  private var epoch: UInt64 = 0
  private var stale: HistoryRun?
  private var past: [HistoryRun] = []
  private var deleted: [RowVersion] = []
  /// By the sync's incarnation.
  private var promised: [UInt64: [RowVersion: Int]] = [:]
  /// The last run has read the table: what is committed now, no run would see.
  private var isOver = false
  private let hasGhosts: Bool
  private(set) var figures = HistoryFigures()

  init(_ bench: HistoryBench, seed: UInt64, _ mutation: Mutation?) {
    self.bench = bench
    self.seed = seed
    workspace = "history-\(seed)"
    table = SourceTable()
    destination = WatchedDestination(bench.store, bench.database, table, mutation)
    writer = bench.writer(destination)
    dice = SplitMix(seed: seed)
    overlap = Int64([0, 1, 3, 10][dice.below(4)])
    // Without a fence, it must be the stale orchestrator that is noticed, not a batch that came again.
    hasGhosts = mutation != .fenceOff && mutation != .formerPasses
    // Only which versions it has, not how many of each: of the sync at hand, the newest one.
    bench.database.add(
      mutation == .ledgerIsASet
        ? "UPDATE ledger SET count = 1 << 40 WHERE sync = (SELECT max(id) FROM syncs)" : nil
    )
  }

  mutating func play() async throws {
    let deaths = bench.database.deaths
    for _ in 0..<(3 + dice.below(4)) {
      commit()
      if dice.one(in: 6) { await letStaleEnd() }
      if dice.one(in: 5) { remake() }
      await follow(begin(isQuiet: false), mayStay: true)
    }
    // No more faults: one run brings what is left.
    bench.database.die(at: nil)
    commit()
    let staysStale = dice.one(in: 2)
    if !staysStale { await letStaleEnd() }
    let last = begin(isQuiet: true)
    await follow(last, mayStay: false)
    isOver = true
    if await last.ending != .completed { note("I10: the last run ended with \(await last.ending)") }
    await letStaleEnd()
    figures.histories = 1
    figures.writerDeaths = bench.database.deaths - deaths
    try await check()
  }

  /// The sync is deleted and made again. Nobody tells the writer, nor a run that stands still.
  private mutating func remake() {
    incarnation += 1 + UInt64(dice.below(3))
    epoch = 0
    figures.remade += 1
  }

  // MARK: The table

  /// What one transaction does to the table. UPDATED_AT is at most the overlap behind the clock.
  private mutating func commit() {
    var dice = dice
    var deleted = deleted
    let overlap = overlap
    table.change { state in
      state.now += Int64(dice.below(3))
      let earliest = state.now - overlap
      for _ in 0..<dice.below(5) {
        let known = state.rows.keys.filter { $0.stamp >= earliest }.sorted()
        if !known.isEmpty, dice.one(in: 4) {
          state.rows[known[dice.below(known.count)], default: 0] += 1
          continue
        }
        let stamp =
          dice.one(in: 15)
          ? state.now + 1 + Int64(dice.below(8)) : state.now - Int64(dice.below(Int(overlap) + 1))
        let row = RowVersion(stamp: stamp, user: dice.below(2), kind: dice.below(2))
        state.rows[row, default: 0] += 1
      }
      // Delete, and insert: at once with a new stamp, or later as it was.
      let rows = state.rows.keys.sorted()
      if !rows.isEmpty, dice.one(in: 3) {
        let row = rows[dice.below(rows.count)]
        state.rows[row] = state.rows[row].flatMap { $0 > 1 ? $0 - 1 : nil }
        if dice.one(in: 2) {
          state.rows[
            RowVersion(stamp: state.now, user: row.user, kind: dice.below(2)),
            default: 0
          ] += 1
        } else {
          deleted.append(row)
        }
      }
      if !deleted.isEmpty, dice.one(in: 3) {
        let row = deleted.remove(at: dice.below(deleted.count))
        if row.stamp >= earliest { state.rows[row, default: 0] += 1 }
      }
    }
    self.dice = dice
    self.deleted = deleted
  }

  // MARK: Runs

  /// Starts a process of the orchestrator whose run has the next epoch.
  private mutating func begin(isQuiet: Bool) -> HistoryRun {
    epoch += 1
    figures.runs += 1
    var plan: [Int: LineEvent] = [:]
    if !isQuiet {
      for _ in 0..<dice.below(3) { plan[dice.below(16)] = .lose }
      for _ in 0..<dice.below(4) { plan[dice.below(16)] = .park }
      if dice.one(in: 3) { plan[dice.below(16)] = .die }
      if dice.one(in: 3) { bench.database.die(at: deathPoint()) }
    }
    let warehouse = HistoryWarehouse(
      table,
      HistoryWarehouse.Plan(
        batches: (0..<3).map { _ in 1 + dice.below(3) },
        lostAt: !isQuiet && dice.one(in: 6) ? dice.below(4) : nil,
        seed: dice.next(),
        incarnation: incarnation
      )
    )
    let run = HistoryRun(
      bench,
      workspace: workspace,
      incarnation: incarnation,
      epoch: epoch,
      overlap: overlap * RowVersion.tick,
      inFlight: 1 + dice.below(3),
      warehouse: warehouse,
      writer: writer,
      plan: plan
    )
    past.append(run)
    return run
  }

  private mutating func deathPoint() -> DeathPoint {
    switch dice.below(4) {
    case 0: .beforeTransaction
    case 1: .afterCommit
    default: .atStatement(dice.below(40))
    }
  }

  /// Sees a run through; where it stands still, something else happens.
  private mutating func follow(_ run: HistoryRun, mayStay: Bool) async {
    while await run.next() == .parked {
      switch dice.below(7) {
      case 0, 1: if !isOver { commit() }
      case 2 where mayStay && stale == nil:
        stale = run
        return
      case 3 where mayStay: await letStaleEnd()
      case 4: bench.database.die(at: deathPoint())
      case 5 where hasGhosts: await sendGhost()
      default: break
      }
      run.line.wake()
    }
    await judge(run)
  }

  /// Wakes the orchestrator that stood still: it knows nothing of what happened since.
  private mutating func letStaleEnd() async {
    guard let run = stale else { return }
    stale = nil
    figures.stale += 1
    run.line.wake()
    await follow(run, mayStay: false)
  }

  /// A batch of some run arrives once more.
  private mutating func sendGhost() async {
    let batches = past.suffix(3).flatMap(\.line.sentBatches)
    guard !batches.isEmpty,
      let request = try? ApplyBatchRequest(wireBytes: batches[dice.below(batches.count)])
    else { return }
    figures.ghosts += 1
    _ = try? await WriterClient(RPCClient(transport: writer)).applyBatch(request)
  }

  private mutating func judge(_ run: HistoryRun) async {
    if run.line.isDead { figures.orchestratorDeaths += 1 }
    guard await run.ending == .completed else { return }
    figures.completed += 1
    let rows = run.warehouse.read ?? [:]
    let count = Int64(rows.values.reduce(0, +))
    figures.rowsRead += count
    let (stored, verdict) = run.live.change { ($0.run, $0.verdict(.completed)) }
    if verdict.status != .success || stored.rowsRead != count || stored.counts.total != count {
      note("I8: run \(run.live.id) read \(count) rows and ended \(verdict)")
    }
    promised[run.warehouse.incarnation, default: [:]].merge(rows) { max($0, $1) }
  }

  // MARK: The proof

  private mutating func check() async throws {
    let effects = try await bench.effects(in: workspace)
    let state = table.now
    var names: Set<String> = []
    for row in state.mostSeen.values.reduce(into: Set(state.rows.keys), { $0.formUnion($1.keys) }) {
      names.insert(row.effect)
      let found = effects[row.effect] ?? 0
      var promised = promised.mapValues { $0[row] ?? 0 }
      promised[incarnation] = max(promised[incarnation] ?? 0, state.rows[row] ?? 0)
      let least = promised.values.reduce(0, +)
      let most = state.mostSeen.values.reduce(0) { $0 + ($1[row] ?? 0) }
      figures.lost += max(0, least - found)
      figures.doubled += max(0, found - most)
      if found < least || found > most {
        note("\(row.effect) happened \(found) times, and must have \(least) to \(most) times")
      }
    }
    for name in effects.keys where !names.contains(name) { note("\(name) is in no snapshot") }
    let total = effects.values.reduce(0, +)
    if try await bench.store.counts(workspace: workspace).events != Int64(total) {
      note("the workspace's total is not \(total)")
    }
    let seen = destination.seen
    for violation in seen.violations { note(violation) }
    figures.effects = total
    figures.batches = seen.batches
    figures.repeats = seen.repeats
    figures.refusals = seen.refusals
  }

  private mutating func note(_ problem: String) {
    figures.problems.append("seed \(seed): \(problem)")
  }
}
