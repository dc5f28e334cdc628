// Reads a source's table to its end as a run does, and drops the rows: what a driver alone takes.
// Usage: warehouse-reading FILE, which holds what `Source` names; prints one line of JSON.
import Foundation
import HTTPFetch
import SyncModel
import Warehouse
import Warehouses

struct Source: Decodable {
  struct Credential: Decodable {
    var type: String
    var username: String?
    var secret: String?
    /// PEM, of a key pair.
    var private_key: String?
    /// Of a service account.
    var key_file: KeySigner.ServiceAccount?
  }
  var type: String
  var settings: [String: String]
  var credential: Credential
  var table: String
}

struct Reading: Encodable {
  var rows: Int64
  var announced: Int64?
  var payload_bytes: Int64
  /// From the submission of the query to the end of its result.
  var seconds: Double
  var cpu_seconds: Double
  var peak_kib: Int
  var in_order: Bool
}

let arguments = CommandLine.arguments
guard arguments.count == 2 else {
  FileHandle.standardError.write(Data("usage: warehouse-reading FILE\n".utf8))
  exit(2)
}
let source = try JSONDecoder().decode(
  Source.self,
  from: Data(contentsOf: URL(fileURLWithPath: arguments[1]))
)

func credential(_ given: Source.Credential) throws -> WarehouseCredential {
  var credential = WarehouseCredential(
    type: CredentialType(rawValue: given.type) ?? .password,
    username: given.username ?? "",
    secret: Array((given.secret ?? "").utf8)
  )
  if let key = given.private_key {
    credential.signer = try KeySigner(privateKey: key, user: given.username ?? "")
  } else if let file = given.key_file {
    credential.signer = try KeySigner(file)
  }
  return credential
}

// The emulators are on this machine.
let egress = try AddressPolicy(allowed: [AddressRange("127.0.0.0/8"), AddressRange("::1")])
let driver = try WarehouseRegistry.all(
  WarehouseSurroundings(
    egress: egress,
    world: World(now: Clock.now, newID: { UUID().uuidString.lowercased() }),
    userAgent: "sluice-bench/1"
  )
).driver(source.type)
let connection = try await driver.connect(
  settings: source.settings,
  credentials: WarehouseCredentials(credential(source.credential)),
  tag: QueryTag()
)
Usage.resetPeak()
let began = ContinuousClock.now
let used = Usage.processor
let reader = try await connection.readChanges(.table(source.table), data: .attributes, from: nil)
var reading = Reading(
  rows: 0,
  payload_bytes: 0,
  seconds: 0,
  cpu_seconds: 0,
  peak_kib: 0,
  in_order: true
)
var last = Timestamp.earliest
while let batch = try await reader.nextBatch() {
  batch.forEachRow { _, row in
    reading.rows += 1
    reading.payload_bytes += Int64(row.payload?.count ?? 0)
    if row.updatedAt < last { reading.in_order = false }
    last = row.updatedAt
  }
}
let elapsed = (ContinuousClock.now - began).components
reading.seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
reading.cpu_seconds = Usage.processor - used
reading.announced = await reader.reportedRowCount
reading.peak_kib = Usage.peak
await connection.close()
print(String(decoding: try JSONEncoder().encode(reading), as: UTF8.self))
