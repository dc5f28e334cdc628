import SyncModel
import Wire
import WriterAPI

// A batch of 1,000 rows with 200-byte payloads: encoded for the writer (the rows are wire bytes already,
// so this is one copy), and decoded to views whose
// bytes are all looked at once. Medians of eleven.

let rowCount = 1000
let payload = Array(#"{"city":"Lisbon","points":31415,"note":""#.utf8)
let filling = [UInt8](repeating: 0x6E, count: 200 - payload.count - 2) + Array(#""}"#.utf8)

func encodedRows() throws -> RowBatch {
  var writer = WireWriter()
  for number in 0..<rowCount {
    writer.delimited(RowBatch.fieldNumber) { row in
      row.alwaysSFixed64(1, 1_700_000_000_000_000_000 + Int64(number))
      row.alwaysString(2, "customer-\(number)")
      row.byteArray(8, payload + filling)
    }
  }
  return try RowBatch(inMessage: writer.bytes)
}

func median(of times: Int = 11, _ body: () throws -> Void) rethrows -> Duration {
  try body()
  var durations: [Duration] = []
  for _ in 0..<times {
    durations.append(try ContinuousClock().measure(body))
  }
  return durations.sorted()[times / 2]
}

func report(_ name: String, _ duration: Duration, repeats: Int, bytes: Int) {
  let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
  let batches = Double(repeats) / seconds
  let rows = Int(batches * Double(rowCount))
  let megabytes = Int(batches * Double(bytes) / 1e6)
  print("\(name): \(rows) rows/s, \(megabytes) MB/s")
}

let rows = try encodedRows()
let request = ApplyBatchRequest(
  workspace: "default",
  sync: "people",
  epoch: 7,
  batchNumber: 41,
  batchId: "batch",
  runId: "run",
  rows: rows
)
let message = request.wireBytes()
let repeats = 500
// What was looked at, so that no loop is taken out.
var seen = 0

report(
  "encode",
  median { for _ in 0..<repeats { seen &+= request.wireBytes().count } },
  repeats: repeats,
  bytes: message.count
)
report(
  "decode",
  try median {
    for _ in 0..<repeats {
      try ApplyBatchRequest(wireBytes: message).rows.forEachRow { _, row in
        seen &+= (row.externalID?.count ?? 0) &+ (row.payload?.count ?? 0)
      }
    }
  },
  repeats: repeats,
  bytes: message.count
)
precondition(seen > 0)
