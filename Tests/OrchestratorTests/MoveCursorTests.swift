import OrchestratorAPI
import RPC
import SQLDatabase
import SyncModel
import Synchronization
import TestSupport
import Testing
import WriterAPI

@testable import Orchestrator

/// Cursors that are moved by hand: a real table, the real writer and profile store.
@Suite("Moving a cursor by hand", .timeLimit(.minutes(2)))
struct MoveCursorTests {
  private static let overlap: Int64 = 60_000_000_000

  @Test("back past the ledger is refused for purchases, with the number, until it is asked for")
  func purchases() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(overlap: Self.overlap)
      try await house.add(
        [(-300, "a", purchase), (-200, "b", purchase), (-100, "c", purchase), (-90, "d", purchase)]
      )
      #expect(try await house.run("changes").applied == 4)
      let preview = try await house.move(back: 200_000_000_000, dry: true)
      #expect(preview.from == stamp(-90))
      #expect(preview.to == stamp(-290))
      #expect(!preview.moved)
      #expect(preview.rowsToRead == 3)
      // -100 lies inside the overlap: the ledger knows it.
      #expect(preview.rowsAgain == 1)
      #expect(preview.rowsSkipped == 0)
      #expect(preview.warnings.count == 1)
      #expect(preview.warnings.first?.contains("one more purchase") == true)

      let refused = await refusal { try await house.move(to: stamp(-290)) }
      #expect(refused?.code == .failedPrecondition)
      #expect(refused?.reason == "would_apply_again")
      #expect(refused?.message.contains("1 row of sync \"changes\"") == true)
      #expect(try await house.cursor("changes") == stamp(-90))
      // Neither moved: the next run applies nothing.
      #expect(try await house.run("changes").applied == 0)

      let moved = try await house.move(to: stamp(-290), again: true)
      #expect(moved.moved)
      #expect(try await house.cursor("changes") == stamp(-290))
      let run = try await house.run("changes")
      #expect(run.status == .success, "\(run.errorMessage)")
      #expect(run.applied == 1)
      #expect(run.alreadyApplied == 2)
      #expect(run.cursor == stamp(-90))
      #expect(try await house.counts().purchases == 5)
      #expect(try await house.run("changes").applied == 0)
    }
  }

  @Test("what the ledger still knows needs no asking, and is applied once")
  func known() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(overlap: Self.overlap)
      try await house.add([(-130, "a", purchase), (-110, "b", purchase), (-100, "c", purchase)])
      _ = try await house.run("changes")
      let moved = try await house.move(back: 20_000_000_000)
      #expect(moved.moved)
      #expect(moved.rowsAgain == 0)
      #expect(moved.rowsToRead == 2)
      let run = try await house.run("changes")
      #expect(run.applied == 0)
      #expect(run.alreadyApplied == 3)
      #expect(try await house.counts().purchases == 3)
    }
  }

  @Test("attributes are read again from the beginning, and what is newer stays")
  func attributes() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(.attributes, overlap: 0)
      try await house.add(
        [(-30, "a", #"{"color":"red"}"#), (-20, "a", #"{"color":"blue"}"#), (-10, "b", "{}")]
      )
      _ = try await house.run("changes")
      let moved = try await house.move(all: true)
      #expect(moved.rowsToRead == 3)
      #expect(moved.rowsAgain == 2)
      #expect(moved.warnings.first?.contains("operators") == true)
      #expect(try await house.cursor("changes") == nil)
      let run = try await house.run("changes")
      #expect(run.rowsRead == 3)
      #expect(run.superseded == 1)
      #expect(run.unchanged == 1)
      #expect(run.alreadyApplied == 1)
      #expect(try await house.profile("a").contains("blue"))
    }
  }

  @Test("forward: how many rows are left out is said, and they are; the future is refused")
  func forward() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(overlap: Self.overlap)
      try await house.add([(-300, "a", purchase)])
      _ = try await house.run("changes")
      try await house.add([(-200, "b", purchase), (-150, "c", purchase), (-100, "d", purchase)])
      let preview = try await house.move(to: stamp(-150), dry: true)
      #expect(preview.rowsSkipped == 1)
      #expect(preview.rowsToRead == 2)
      #expect(preview.rowsAgain == 0)
      #expect(preview.warnings.first?.contains("left out") == true)
      #expect(try await house.move(to: stamp(-150)).moved)
      let run = try await house.run("changes")
      #expect(run.applied == 2)
      #expect(run.rowsRead == 2)
      // The file's clock is this machine's.
      let future = await refusal { try await house.move(to: .max) }
      #expect(future?.code == .invalidArgument)
      #expect(future?.reason == "cursor_in_future")
    }
  }

  @Test("a sync that has not run may be told where to begin; a step back from nowhere is refused")
  func fresh() async throws {
    try await RealHouse.with { house in
      try await house.activeSync()
      try await house.add([(-30, "a", purchase), (-20, "b", purchase)])
      let back = await refusal { try await house.move(back: 1) }
      #expect(back?.reason == "no_cursor")
      let moved = try await house.move(to: stamp(-20))
      #expect(moved.from == nil)
      #expect(moved.rowsSkipped == 1)
      #expect(try await house.run("changes").applied == 1)
    }
  }

  @Test("it is written down who moved it, when, from and to")
  func audit() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(.attributes)
      try await house.add([(-30, "a", "{}"), (-20, "b", "{}")])
      _ = try await house.run("changes")
      _ = try await house.move(to: stamp(-30))
      _ = try await house.move(all: true)
      let moves = try await house.client.getCursor(GetCursorRequest(sync: "changes")).moves
      #expect(moves.map(\.to) == [nil, stamp(-30)])
      #expect(moves.map(\.from) == [stamp(-30), stamp(-20)])
      #expect(moves.allSatisfy { $0.movedBy == "operator test" && $0.outcome == "moved" })
      #expect(moves.allSatisfy { $0.movedAt == house.world.world.now().nanoseconds })
      // Previews and refusals are no moves.
      _ = try await house.move(to: stamp(-20), dry: true)
      _ = await refusal { try await house.move(to: .max) }
      #expect(try await house.client.getCursor(GetCursorRequest(sync: "changes")).moves == moves)
    }
  }

  @Test(
    "requests that say no place, or two, are refused",
    arguments: [
      MoveCursorRequest(sync: "changes"), MoveCursorRequest(sync: "changes", backNs: -1),
      MoveCursorRequest(sync: "changes", to: 1, toBeginning: true),
      MoveCursorRequest(sync: "changes", to: 1, backNs: 1),
    ]
  )
  func invalid(_ request: MoveCursorRequest) async throws {
    try await RealHouse.with { house in
      try await house.activeSync()
      let refused = await refusal { try await house.client.moveCursor(request) }
      #expect(refused?.reason == "invalid_target")
    }
  }

  @Test("no such sync; only an operator")
  func refused() async throws {
    try await House.with { house in
      let missing = await refusal { try await house.move(all: true) }
      #expect(missing?.code == .notFound)
      let stranger = House.client(of: house.orchestrator, role: "writer")
      let denied = await refusal {
        try await stranger.moveCursor(MoveCursorRequest(sync: "changes", toBeginning: true))
      }
      #expect(denied?.code == .permissionDenied)
    }
  }

  @Test("R139: while a run is under way nothing is moved; a preview is answered all the same")
  func running() async throws {
    try await House.with { house in
      try await house.activeSync { $0.name = "changes" }
      let gate = Gate()
      house.warehouse.script.rows = [row(-10)]
      house.warehouse.script.gate = (0, gate)
      let run = try await house.start("changes")
      await gate.reached()
      let refused = await refusal { try await house.move(all: true) }
      #expect(refused?.code == .failedPrecondition)
      #expect(refused?.reason == "already_running")
      #expect(refused?.message.hasPrefix("Another job is in progress") == true)
      #expect(try await house.move(all: true, dry: true).rowsToRead == 1)
      gate.open()
      #expect(try await house.end(of: run.runId).status == .success)
      #expect(house.writer.sync("changes").moves.isEmpty)
      #expect(try await house.move(all: true).moved)
    }
  }

  @Test("an answer of the writer that is lost is asked for again, and moves nothing twice")
  func lostAnswer() async throws {
    try await House.with { house in
      try await house.activeSync { $0.name = "changes" }
      house.warehouse.script.rows = [row(-10)]
      _ = try await house.run("changes")
      let lost = Counter()
      house.writer.script.afterMove = { _ in
        if lost.next() < 2 { throw RPCError(.unavailable, "connection reset by peer") }
      }
      #expect(try await house.move(to: stamp(-10)).moved)
      let moves = house.writer.sync("changes").moves
      #expect(moves.count == 3)
      #expect(Set(moves.map { $0.opening?.epoch }) == [2])
      #expect(Set(moves.map { $0.opening?.runId }).count == 1)
      // The next run's epoch is above the move's.
      #expect(try await house.run("changes").status == .success)
      #expect(house.writer.sync("changes").epoch == 3)
    }
  }

  @Test("a move that the writer refuses is written down as failed, and the cursor stays")
  func failed() async throws {
    try await House.with { house in
      try await house.activeSync { $0.name = "changes" }
      house.warehouse.script.rows = [row(-10)]
      _ = try await house.run("changes")
      house.writer.script.afterMove = { _ in
        throw RPCError(.failedPrecondition, "no", reason: "stale_epoch")
      }
      let refused = await refusal { try await house.move(all: true) }
      #expect(refused?.reason == "stale_epoch")
      let cursor = try await house.client.getCursor(GetCursorRequest(sync: "changes"))
      #expect(cursor.position == stamp(-10))
      #expect(cursor.moves.map(\.outcome) == ["failed"])
    }
  }
}

extension Operated {
  fileprivate func move(
    to: Int64? = nil,
    back: Int64 = 0,
    all: Bool = false,
    dry: Bool = false,
    again: Bool = false
  ) async throws -> MoveCursorResponse {
    try await client.moveCursor(
      MoveCursorRequest(
        sync: "changes",
        to: to,
        backNs: back,
        toBeginning: all,
        dryRun: dry,
        applyAgain: again
      )
    )
  }
}

private final class Counter: Sendable {
  private let count = Mutex(0)

  /// 0, 1, 2 …
  func next() -> Int {
    count.withLock { count in
      defer { count += 1 }
      return count
    }
  }
}
