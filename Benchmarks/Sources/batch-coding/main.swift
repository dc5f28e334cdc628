// A batch of 1,000 rows of {16-byte id, time, 200-byte payload}, coded for the writer and decoded by
// it, beside swift-protobuf on the same bytes. Medians of eleven turns.
//
//   decode                to views; every row's fields are looked at
//   encode                rows in their wire form, as a driver leaves them: one copy
//   encode from values    the rows' values, through the driver's builder
//   swift-protobuf ...    to and from messages that hold their values
import Foundation
import SwiftProtobuf
import SyncModel
import Wire
import WriterAPI

let rowCount = 1000
let head = #"{"city":"Lisbon","points":31415,"note":""#
let payload =
  Array(head.utf8) + [UInt8](repeating: 0x6E, count: 198 - head.utf8.count) + Array(#""}"#.utf8)
let values = (0..<rowCount).map { number in
  (
    time: 1_700_000_000_000_000_000 + Int64(number),
    id: Array("customer-\(1_000_000 + number)".utf8), payload: payload
  )
}

/// One for all batches, as a driver has.
var builder = RowBatchBuilder()

func buildRows(_ builder: inout RowBatchBuilder) -> RowBatch {
  for value in values {
    value.id.withUnsafeBytes { id in
      value.payload.withUnsafeBytes { payload in
        var row = SourceRow()
        row.updatedAt = Timestamp(nanoseconds: value.time)
        row.externalID = id
        row.payload = payload
        builder.append(row)
      }
    }
  }
  return builder.take()
}

func request(_ rows: RowBatch) -> ApplyBatchRequest {
  ApplyBatchRequest(
    workspace: "default",
    sync: "people",
    epoch: 7,
    batchNumber: 41,
    batchId: "batch",
    runId: "run",
    rows: rows
  )
}

let ours = request(buildRows(&builder))
let message = ours.wireBytes()
let peer = try PeerRequest(serializedBytes: message)
let peerMessage: [UInt8] = try peer.serializedBytes()
precondition(peerMessage == message, "both sides code the same bytes")
precondition(peer.rows.count == rowCount && peer.rows.allSatisfy { $0.payload.count == 200 })

// What was looked at, so that no loop is taken out.
var seen = 0
var watch = Stopwatch()
watch.ways = [
  .init(name: "decode", repeats: 500) {
    var bytes = 0
    try ApplyBatchRequest(wireBytes: message).rows.forEachRow { _, row in
      bytes &+= (row.externalID?.count ?? 0) &+ (row.payload?.count ?? 0)
    }
    seen &+= bytes
  },
  .init(name: "swift-protobuf decode", repeats: 100) {
    var bytes = 0
    for row in try PeerRequest(serializedBytes: message).rows {
      bytes &+= row.externalID.count &+ row.payload.count
    }
    seen &+= bytes
  },
  .init(name: "encode", repeats: 500) { seen &+= ours.wireBytes().count },
  .init(name: "encode from values", repeats: 500) {
    seen &+= request(buildRows(&builder)).wireBytes().count
  },
  .init(name: "swift-protobuf encode", repeats: 200) {
    let bytes: [UInt8] = try peer.serializedBytes()
    seen &+= bytes.count
  },
]
try watch.measure(turns: 11)
precondition(seen > 0)

print("\(rowCount) rows, \(message.count) bytes")
for way in watch.ways {
  let seconds = watch.median(way.name)
  let rows = Int(Double(rowCount) / seconds)
  let megabytes = Int(Double(message.count) / seconds / 1e6)
  print("\(way.name): \(rows) rows/s, \(megabytes) MB/s")
}
for (name, other, goal) in [
  ("decode", "swift-protobuf decode", 15.0), ("encode", "swift-protobuf encode", 8),
  ("encode from values", "swift-protobuf encode", 8),
] {
  let ratio = watch.ratio(name, to: other)
  let verdict = ratio >= goal ? "reached" : "not reached"
  print("\(name): \((ratio * 10).rounded() / 10) x \(other), goal \(Int(goal)) x: \(verdict)")
}
