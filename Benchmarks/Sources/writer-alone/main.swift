// The profile store alone: batches of rows of about 200 bytes into a SQLite file with
// synchronous=FULL, every rule, ledger, position and receipt included; no RPC, no warehouse.
//
//   writer-alone [ROWS [BATCH [FOLDER]]]      1,000,000 rows, 10,000 a batch, a temporary folder
//
// Kinds of rows: fresh (new users), updates (the same users, half of eight attributes changed; two
// rounds), operators (inc, add and remove, $add, _merge_objects), events, purchases. "A core's rows/s"
// is rows by the CPU that the process used while a batch was applied, user and system.
import Destination
import Destinations
import Foundation
import SyncModel

let arguments = CommandLine.arguments.dropFirst()
let rowCount = arguments.first.flatMap { Int($0) } ?? 1_000_000
let batchRows = arguments.dropFirst().first.flatMap { Int($0) } ?? 10_000
let parent = arguments.dropFirst(2).first ?? FileManager.default.temporaryDirectory.path
let folder = URL(fileURLWithPath: parent).appendingPathComponent("writer-alone-\(getpid())")
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(at: folder) }

let world = World(
  now: { Timestamp(nanoseconds: Int64(Date().timeIntervalSince1970 * 1e9)) },
  newID: { UUID().uuidString.lowercased() }
)
let store = try await ProfileStore.open(
  path: folder.appendingPathComponent("profiles.db").path,
  world: world
)

/// Seconds of CPU, and the resident memory now in MiB.
func usage() -> (cpu: Double, memory: Double) {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  let statm = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
  let pages = Double(statm.split(separator: " ").dropFirst().first ?? "0") ?? 0
  return (Double(time.tv_sec) + Double(time.tv_nsec) / 1e9, pages * 4096 / 1_048_576)
}

func pad(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(width - text.count, 0)) + text
}

print(pad("rows", 12), pad("rows/s", 12), pad("a core's rows/s", 16), pad("memory MiB", 12))
var counts: [SyncModel.DataType: UInt64] = [:]
for (round, kind) in [Workload.Kind.fresh, .updates, .updates, .operators, .events, .purchases]
  .enumerated()
{
  let data = kind.data
  let sync = data.rawValue
  counts[data, default: 0] += 1
  let epoch = counts[data] ?? 1
  let opened = try await store.open(
    SyncOpening(
      workspace: "default",
      sync: sync,
      epoch: epoch,
      runID: "run-\(epoch)",
      data: data,
      overlap: 600_000_000_000,
      updateExistingOnly: false
    )
  )
  var work = Workload(kind, batchRows: batchRows)
  var number = opened.nextBatchNumber
  var (wall, cpu, applied, first, last) = (0.0, 0.0, Int64(0), 0.0, 0.0)
  for start in stride(from: 0, to: rowCount, by: batchRows) {
    let rows = work.batch(start..<min(start + batchRows, rowCount), round: round)
    let batch = BatchToApply(
      workspace: "default",
      sync: sync,
      epoch: epoch,
      number: number,
      id: "batch-\(epoch)-\(number)",
      runID: "run-\(epoch)",
      positionLimit: .latest,
      rows: rows
    )
    let before = usage()
    let clock = ContinuousClock().now
    let receipt = try await store.apply(batch)
    wall += (ContinuousClock().now - clock) / .seconds(1)
    let after = usage()
    cpu += after.cpu - before.cpu
    applied += receipt.counts.applied
    if start < 10 * batchRows { first = max(first, after.memory) }
    last = after.memory
    number += 1
  }
  precondition(applied == Int64(rowCount), "\(kind): only \(applied) rows were applied")
  let name = pad(kind.rawValue, 12)
  let rates = [Double(rowCount) / wall, Double(rowCount) / cpu].map { String(Int($0)) }
  print(name, pad(rates[0], 12), pad(rates[1], 16), pad("\(Int(first)) to \(Int(last))", 12))
}
await store.close()
