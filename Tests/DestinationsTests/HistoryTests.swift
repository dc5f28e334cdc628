import Destination
import Destinations
import SyncModel
import TestSupport
import Testing

/// A table in a warehouse, the sync that reads it, and what a ledger without end would know of it.
private final class ModelSync {
  let player: SyncPlayer
  var table: [ModelRow] = []
  /// How often each row version was applied, over all runs.
  var applied: [ModelRow: Int] = [:]
  /// How often the present run has seen it.
  var seen: [ModelRow: Int] = [:]
  var removed: Set<ModelRow> = []
  var position: Int64?
  var floor: Int64?

  init(_ player: SyncPlayer) { self.player = player }

  var readFrom: Int64? {
    guard let position else { return nil }
    return max(position - player.overlap, floor ?? .min)
  }
}

/// One random history of several syncs on one store, played against the store and the model.
private struct History {
  let harness: StoreHarness
  var random: Xorshift
  var model = ProfileModel()
  var syncs: [ModelSync] = []
  var clock: Int64 = 1_000

  init(_ harness: StoreHarness, seed: UInt64) {
    self.harness = harness
    random = Xorshift(seed)
    let kinds: [SyncModel.DataType] = [.attributes, .events, .purchases, .attributes, .deletes]
    let count = 2 + random.below(3)
    for (index, kind) in kinds.shuffled(using: &random).prefix(count).enumerated() {
      let overlap = [0, 3, 20, 200][random.below(4)]
      syncs.append(ModelSync(harness.sync("sync-\(index)", kind, overlap: Int64(overlap))))
    }
  }

  mutating func play() async throws {
    for _ in 0..<(8 + random.below(8)) {
      clock += Int64(random.below(12))
      let sync = syncs[random.below(syncs.count)]
      changeTable(sync)
      if random.below(3) > 0 { try await run(sync, mayCrash: true) }
      if random.below(6) == 0 { try await harness.reopen() }
    }
    // After the last fault everything that was promised arrives (I1).
    clock += 10_000
    for sync in syncs { try await run(sync, mayCrash: false) }
    for sync in syncs {
      var copies: [ModelRow: Int] = [:]
      for row in sync.table { copies[row, default: 0] += 1 }
      for (row, count) in copies where !sync.removed.contains(row) {
        #expect(sync.applied[row] == count, "\(row) was applied \(sync.applied[row] ?? 0) times")
      }
    }
    #expect(try await harness.export(withEvents: true) == model.export)
    let counts = try await harness.counts()
    #expect(
      "\(counts.profiles) \(counts.events) \(counts.purchases) \(counts.revenue)" == model.counts
    )
    #expect(try await harness.rows(in: "profiles") == counts.profiles)
    #expect(try await harness.rows(in: "events") == model.events)
    #expect(try await harness.rows(in: "purchases") == model.purchases)
  }

  // MARK: The warehouse

  /// Commits rows that are new, late within the overlap, in the future, or copies; removes some.
  private mutating func changeTable(_ sync: ModelSync) {
    let earliest = max(sync.readFrom ?? 0, 0)
    for _ in 0..<random.below(14) {
      if random.below(5) == 0, let old = sync.table.randomElement(using: &random),
        old.updatedAt >= earliest
      {
        sync.table.append(old)
        continue
      }
      let stamp =
        random.below(15) == 0
        ? clock + 20 + Int64(random.below(300))
        : earliest + Int64(random.below(Int(max(clock - earliest, 0)) + 1))
      sync.table.append(
        ModelRow(updatedAt: stamp, user: user(sync.player.data), content: content(sync.player.data))
      )
    }
    if random.below(4) == 0, !sync.table.isEmpty {
      sync.removed.insert(sync.table.remove(at: random.below(sync.table.count)))
    }
    sync.player.updateExistingOnly = random.below(5) == 0
  }

  private mutating func user(_ data: SyncModel.DataType) -> ModelRow.User {
    let (id, email) = ("u\(random.below(4))", ["a@x.org", "B@x.org", "b@x.org"][random.below(3)])
    switch random.below(data == .deletes ? 5 : 12) {
    case 0...3: return .external(id)
    case 4: return .alias("n\(random.below(2))")
    case 5...7: return .email(email)
    case 8...9: return .phone("+1415555010\(random.below(2))")
    case 10: return .externalWithEmail(id, email)
    default: return .nobody
    }
  }

  private mutating func content(_ data: SyncModel.DataType) -> ModelRow.Content {
    if data == .deletes { return .delete }
    if random.below(15) == 0 { return .broken }
    let time = random.below(3) == 0 ? ModelTime.allCases[random.below(2)] : nil
    switch data {
    case .attributes:
      var attributes: [String: String?] = [:]
      for _ in 0..<random.below(4) {
        switch random.below(8) {
        case 0:
          attributes.updateValue(
            ["\"a@x.org\"", "\"B@x.org\"", nil][random.below(3)],
            forKey: "email"
          )
        case 1:
          attributes.updateValue(
            ["\"+14155550100\"", "\"+14155550101\"", nil][random.below(3)],
            forKey: "phone"
          )
        case 2:
          attributes.updateValue(["\"x\"", "\"y\"", nil][random.below(3)], forKey: "first_name")
        default:
          // Each name has one type: what comes of another is the table of rules' business.
          let (name, values): (String, [String?]) = [
            ("k1", ["1", "2.50", nil]), ("k2", ["[1,2]", "[]", nil]), ("K1", ["{\"k\":[1]}", nil]),
          ][random.below(3)]
          attributes.updateValue(values[random.below(values.count)], forKey: name)
        }
      }
      return .attributes(attributes)
    case .events: return .event(name: ["click", "buy", "Buy"][random.below(3)], time: time)
    case .purchases:
      return .purchase(
        product: "p\(random.below(3))",
        cents: random.below(2_000) - 300,
        quantity: 1 + random.below(4),
        time: time
      )
    case .deletes: return .delete
    }
  }

  // MARK: A run

  private mutating func run(_ sync: ModelSync, mayCrash: Bool) async throws {
    let player = sync.player
    player.limit = Timestamp(nanoseconds: clock)
    let expected = (sync.position, sync.readFrom)
    let opened = try await player.begin()
    #expect(opened.position?.nanoseconds == expected.0)
    #expect(opened.readFrom?.nanoseconds == expected.1)
    sync.seen = [:]
    var rows = sync.table.filter { $0.updatedAt >= (expected.1 ?? .min) }
    // A warehouse gives rows of one stamp in any order.
    rows.shuffle(using: &random)
    rows.sort { $0.updatedAt < $1.updatedAt }
    while !rows.isEmpty {
      var batch = Array(rows.prefix(1 + random.below(8)))
      rows.removeFirst(batch.count)
      if random.below(4) == 0 { batch.shuffle(using: &random) }
      try await send(batch, sync, isCancelled: mayCrash && random.below(20) == 0)
      if mayCrash, random.below(8) == 0 { return }
      if random.below(12) == 0 { try await harness.reopen() }
    }
    // Not while rows wait that only the old overlap would reach.
    if random.below(5) == 0 { player.overlap = Int64([0, 3, 20, 200][random.below(4)]) }
  }

  private mutating func send(
    _ rows: [ModelRow],
    _ sync: ModelSync,
    isCancelled: Bool
  ) async throws {
    let player = sync.player
    let batch = player.batch(rows.map(\.owned))
    if random.below(10) == 0 {
      let ahead = player.batch(rows.map(\.owned), number: player.next + 1)
      #expect(await failureCode { _ = try await harness.store.apply(ahead) } == "unexpected_batch")
    }
    if isCancelled {
      // The caller goes away in the middle; only the store knows whether the batch was applied.
      let store = harness.store
      let task = Task { try await store.apply(batch) }
      for _ in 0..<random.below(40) { await Task.yield() }
      task.cancel()
      _ = try? await task.value
    }
    let receipt = try await harness.store.apply(batch)
    player.next += 1
    var counts: [String: Int64] = [:]
    for row in rows { counts[apply(row, sync), default: 0] += 1 }
    // Rows from the future do not move the position (decision 4).
    if let last = rows.map(\.updatedAt).filter({ $0 <= clock }).max() {
      let position = max(sync.position ?? last, last)
      sync.position = position
      sync.floor = max(sync.floor ?? .min, position - player.overlap)
    }

    #expect(
      receipt.counts
        == RowCounts(
          counts["applied"],
          counts["unchanged"],
          counts["already_applied"],
          counts["superseded"],
          counts["skipped"],
          counts["rejected"]
        )
    )
    #expect(receipt.position?.nanoseconds == sync.position)
    #expect(receipt.futureRows == Int64(rows.count { $0.updatedAt > clock }))
    if random.below(6) == 0 {
      #expect(try await harness.store.apply(batch) == receipt)
    }
  }

  private mutating func apply(_ row: ModelRow, _ sync: ModelSync) -> String {
    sync.seen[row, default: 0] += 1
    guard sync.seen[row, default: 0] > sync.applied[row, default: 0] else {
      return "already_applied"
    }
    sync.applied[row, default: 0] += 1
    return model.apply(
      row,
      updateExistingOnly: sync.player.updateExistingOnly,
      limit: clock
    )
  }
}

extension RowCounts {
  fileprivate init(
    _ applied: Int64?,
    _ unchanged: Int64?,
    _ alreadyApplied: Int64?,
    _ superseded: Int64?,
    _ skipped: Int64?,
    _ rejected: Int64?
  ) {
    self.init()
    self.applied = applied ?? 0
    self.unchanged = unchanged ?? 0
    self.alreadyApplied = alreadyApplied ?? 0
    self.superseded = superseded ?? 0
    self.skipped = skipped ?? 0
    self.rejected = rejected ?? 0
  }
}

@Suite("Random histories")
struct HistoryTests {
  /// The seed is the argument: a failure is run again by it alone.
  @Test(
    "runs, repeats, late rows, copies, crashes and new epochs leave what the rules say (I1 to I4, I8, I9)",
    arguments: UInt64(0)..<320
  )
  func histories(_ seed: UInt64) async throws {
    try await StoreHarness.with { harness in
      var history = History(harness, seed: seed)
      try await history.play()
    }
  }
}
