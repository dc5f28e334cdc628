import Crypto
import Glibc
import RPC
import SQLDatabase
import SyncModel
import TestSupport
import Testing
import Vault
import VaultAPI

/// A disk that loses a bit, or a thief who changes one: any byte of the database's file, one at a time.
///
/// `SLUICE_FLIPS` sets how many are tried (400 unless told otherwise), `SLUICE_FLIP_SEED` which.
@Suite("Vault: flipped bytes", .enabled(if: !VaultHouse.isOnPostgreSQL, "its files are its own"))
struct FlipTests {
  /// What became of the flips.
  struct Tally: CustomStringConvertible {
    /// The vault did not open.
    var unopened = 0
    /// At least one call was refused, all others were right.
    var refused = 0
    /// All secrets were right, and the vault said that something is wrong.
    var alarmed = 0
    /// Nothing that anybody is shown was touched.
    var harmless = 0

    var description: String {
      "\(unopened) not opened, \(refused) refused, \(alarmed) alarmed, \(harmless) harmless"
    }
  }

  @Test(
    "A flipped byte is refused, or alarmed, or of no effect: never believed",
    .timeLimit(.minutes(60))
  )
  func flips() async throws {
    let count = Self.number("SLUICE_FLIPS") ?? 400
    let seed = Self.number("SLUICE_FLIP_SEED") ?? 20_240_101
    let house = try VaultHouse()
    try await house.run { try await VaultWitness.furnish($0) }
    let original = try Self.read(house.databasePath)
    let truth = try await Self.answers(of: original, house)
    #expect(truth.problems == [])
    #expect(!truth.answers.values.contains { if case .refused = $0 { true } else { false } })
    var dice = SplitMix64(state: UInt64(bitPattern: Int64(seed)))
    var tally = Tally()
    for number in 0..<count {
      let place = Int(dice.next() % UInt64(original.count))
      var changed = original
      changed[place] ^= UInt8(dice.next() % 255) + 1
      let name = "flip \(number) of seed \(seed): byte \(place) to \(changed[place])"
      do {
        let found = try await Self.answers(of: changed, house)
        Self.judge(found, truth, &tally, name)
      } catch is Failure {
        tally.unopened += 1
      } catch is SQLError {
        tally.unopened += 1
      }
    }
    print("\(count) flips in \(original.count) bytes, seed \(seed): \(tally)")
    // It can turn red: most bytes of such a file are in use.
    #expect(tally.unopened + tally.refused > count / 20)
    #expect(tally.harmless < count)
  }

  @Test("Where a name stands, in a row or in an index over it, another one is not believed")
  func names() async throws {
    let house = try VaultHouse()
    try await house.run { try await VaultWitness.furnish($0) }
    let original = try Self.read(house.databasePath)
    let truth = try await Self.answers(of: original, house)
    var tally = Tally()
    var places = 0
    for name in ["shop-db", "braze", "snow", "LOADER", "customers"] {
      for place in original.places(of: Array(name.utf8)) {
        places += 1
        var changed = original
        // Neither too small nor too great for its place among the others.
        changed[place] ^= 1
        do {
          let found = try await Self.answers(of: changed, house)
          Self.judge(found, truth, &tally, "\(name) at \(place)")
        } catch is Failure {
          tally.unopened += 1
        } catch is SQLError {
          tally.unopened += 1
        }
      }
    }
    print("names flipped at \(places) places: \(tally)")
    #expect(tally.refused > 10)
  }

  struct Findings {
    var answers: [String: VaultWitness.Answer] = [:]
    /// nil when the vault could not even say.
    var problems: [String]?
  }

  private static func judge(
    _ found: Findings,
    _ truth: Findings,
    _ tally: inout Tally,
    _ name: String
  ) {
    let isAlarmed = found.problems != []
    var refusals = 0
    for (call, right) in truth.answers {
      switch found.answers[call] {
      case .some(right): break
      // That there is no such credential is an answer as well, and a wrong one.
      case .refused(let code) where code != .notFound || isAlarmed: refusals += 1
      case let answer:
        Issue.record("\(name): \(call): \(answer.map { "\($0)" } ?? "")")
      }
    }
    if refusals > 0 {
      tally.refused += 1
    } else if isAlarmed {
      tally.alarmed += 1
    } else {
      tally.harmless += 1
    }
  }

  /// What a vault over these bytes answers.
  private static func answers(of bytes: [UInt8], _ house: VaultHouse) async throws -> Findings {
    // In memory: nothing here is about what a disk keeps.
    let directory = try TemporaryDirectory(in: access("/dev/shm", W_OK) == 0 ? "/dev/shm" : nil)
    try directory.keep(bytes, as: "vault.db")
    let database = try await SQLiteDatabase.open(
      path: directory.file("vault.db"),
      migrations: CredentialVault.migrations
    )
    do {
      let (_, vault) = try await house.open(database)
      var findings = Findings()
      findings.answers = await VaultWitness.shown(vault)
      findings.problems = try? await vault.problems()
      findings.answers.merge(await VaultWitness.given(vault)) { one, _ in one }
      await database.close()
      return findings
    } catch {
      await database.close()
      throw error
    }
  }

  private static func read(_ path: String) throws -> [UInt8] {
    let stream = try #require(fopen(path, "r"))
    defer { fclose(stream) }
    var bytes = [UInt8](repeating: 0, count: 4 << 20)
    let count = fread(&bytes, 1, bytes.count, stream)
    try #require(count > 0 && count < bytes.count)
    return Array(bytes[..<count])
  }

  private static func number(_ variable: String) -> Int? {
    getenv(variable).flatMap { Int(String(cString: $0)) }
  }
}

/// Numbers that look random and are the same each time (Steele, Lea, Flood: "Fast splittable
/// pseudorandom number generators").
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

extension [UInt8] {
  /// Where `part` begins, everywhere that it does.
  func places(of part: [UInt8]) -> [Int] {
    indices.filter { $0 + part.count <= count && self[$0..<($0 + part.count)].elementsEqual(part) }
  }
}
