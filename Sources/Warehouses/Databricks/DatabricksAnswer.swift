import SyncModel
import Warehouse

/// A statement's id, which becomes a part of paths: checked.
struct DatabricksStatementID: Sendable, Equatable {
  let text: String

  init?(_ text: String?) {
    guard let text, (1...128).contains(text.utf8.count),
      text.utf8.allSatisfy({
        (48...57).contains($0) || (97...122).contains($0 | 0x20) || $0 == UInt8(ascii: "-")
          || $0 == UInt8(ascii: "_")
      })
    else { return nil }
    self.text = text
  }

  var path: String { "/api/2.0/sql/statements/\(text)" }
}

/// One SELECT with named parameters.
struct DatabricksQuery: Sendable {
  struct Parameter: Sendable, Equatable {
    var name: String
    var value: String
    /// The SQL type that the value is cast to.
    var type: String
  }

  var text: String
  var parameters: [Parameter] = []
  /// In characters; a longer value of a tag is refused with its statement.
  static let longestTag = 128

  /// The request's body. Results come by link only: inline ones fail above 25 MiB (B.2), and the
  /// statement is never waited for: a start takes longer than any wait.
  func body(_ settings: DatabricksSettings, _ tag: QueryTag) -> [UInt8] {
    func member(_ key: String, _ value: String) -> (key: String, value: JSONValue) {
      (key, .string(value))
    }
    let parameters = parameters.map { parameter in
      JSONValue.object([
        member("name", parameter.name), member("value", parameter.value),
        member("type", parameter.type),
      ])
    }
    return JSONValue.object([
      member("warehouse_id", settings.warehouseID), member("catalog", settings.catalog),
      member("schema", settings.schema), member("statement", text),
      (key: "parameters", value: .array(parameters)), member("disposition", "EXTERNAL_LINKS"),
      member("format", "JSON_ARRAY"), member("wait_timeout", "0s"),
      (
        key: "query_tags",
        value: .array(
          tag.pairs.map { pair in
            .object([
              member("key", pair.key),
              member("value", String(pair.value.unicodeScalars.prefix(Self.longestTag))),
            ])
          }
        )
      ),
    ]).text
  }
}

/// How a statement stands.
struct DatabricksAnswer: Sendable {
  enum State: String, Sendable {
    case pending = "PENDING"
    case running = "RUNNING"
    case succeeded = "SUCCEEDED"
    case failed = "FAILED"
    case canceled = "CANCELED"
    case closed = "CLOSED"

    var isFinal: Bool { self != .pending && self != .running }
  }

  let id: DatabricksStatementID
  let state: State
  /// Of `failed`.
  let error: (code: String, message: String, sqlState: String?)?
  let manifest: DatabricksManifest?
  /// Those that came along: usually the first.
  let links: [DatabricksLink]

  /// - Throws: `Failure` `unexpected_answer`.
  init(_ document: JSONValue) throws(Failure) {
    guard let id = DatabricksStatementID(document["statement_id"]?.string) else {
      throw DatabricksFailure.unexpected("its answer has no statement_id")
    }
    guard let word = document["status"]?["state"]?.string, let state = State(rawValue: word) else {
      throw DatabricksFailure.unexpected("a statement's state is none that is known")
    }
    self.id = id
    self.state = state
    let error = document["status"]?["error"]
    self.error =
      state == .failed
      ? (
        error?["error_code"]?.string ?? "UNKNOWN", error?["message"]?.string ?? "",
        document["status"]?["sql_state"]?.string
      ) : nil
    manifest = try document["manifest"].map { document throws(Failure) in
      try DatabricksManifest(document)
    }
    links = document["result"].map(DatabricksLink.all) ?? []
  }
}

/// What a result is made of.
struct DatabricksManifest: Sendable {
  struct Column: Sendable, Equatable {
    var name: String
    /// As it is written in SQL. `type_name` has values that no list has (B.5) and is not read.
    var type: String

    static func all(_ list: JSONValue?) -> [Column] {
      (list?.elements ?? []).map { column in
        Column(
          name: column["name"]?.string ?? "",
          type: column["type_text"]?.string ?? column["type_name"]?.string ?? "?"
        )
      }
    }
  }

  var columns: [Column]
  /// Each chunk's rows, in order.
  var chunks: [Int64]
  var rowCount: Int64

  /// - Throws: `Failure`: `result_truncated`, or `unexpected_answer` where its numbers disagree.
  init(_ document: JSONValue) throws(Failure) {
    columns = Column.all(document["schema"]?["columns"])
    if document["truncated"]?.bool == true {
      throw Failure(
        "result_truncated",
        "the warehouse cut the result at its limit of 100 GiB: nothing of it is used; narrow the query",
        recovery: .needsOperator
      )
    }
    rowCount = document["total_row_count"]?.integer ?? 0
    let parts = document["chunks"]?.elements ?? []
    chunks = []
    var offset: Int64 = 0
    for (index, part) in parts.enumerated() {
      let rows = part["row_count"]?.integer ?? -1
      guard part["chunk_index"]?.integer == Int64(index), rows >= 0,
        part["row_offset"]?.integer ?? offset == offset
      else { throw DatabricksFailure.unexpected("the chunks of its result are not in order") }
      let (sum, isOver) = offset.addingReportingOverflow(rows)
      guard !isOver else { throw DatabricksFailure.unexpected("its result has too many rows") }
      offset = sum
      chunks.append(rows)
    }
    let count = document["total_chunk_count"]?.integer ?? Int64(chunks.count)
    if parts.isEmpty, count == 1, rowCount >= 0 {
      // One chunk need not be listed.
      chunks = [rowCount]
      offset = rowCount
    }
    guard count == Int64(chunks.count), offset == rowCount else {
      throw DatabricksFailure.unexpected(
        "its result has \(rowCount) rows in \(count) chunks, but the list has \(offset) in \(chunks.count)"
      )
    }
  }
}

/// Where a chunk lies for a quarter of an hour. The URL is a credential: never logged.
struct DatabricksLink: Sendable {
  var chunk: Int
  var rowCount: Int64
  var url: String
  /// nil where it is not said in a form that is known.
  var expiration: Timestamp?
  /// To be sent along: keys of encryption, among others.
  var headers: [(name: String, value: String)]

  /// The links of a result, or of a chunk's answer; those that lack something are left out.
  static func all(_ document: JSONValue) -> [DatabricksLink] {
    (document["external_links"]?.elements ?? []).compactMap { link in
      guard let chunk = link["chunk_index"]?.integer.flatMap({ Int(exactly: $0) }),
        let url = link["external_link"]?.string, let rows = link["row_count"]?.integer, rows >= 0
      else { return nil }
      var headers: [(name: String, value: String)] = []
      if case .object(let members)? = link["http_headers"] {
        headers = members.compactMap { member in
          member.value.string.map { (member.key, $0) }
        }
      }
      return DatabricksLink(
        chunk: chunk,
        rowCount: rows,
        url: url,
        expiration: link["expiration"]?.string.flatMap { Timestamp(text: $0) },
        headers: headers
      )
    }
  }
}

/// A SQL warehouse as it says it is.
struct DatabricksWarehouseState: Sendable, Equatable {
  let name: String
  var state: String
  let isServerless: Bool
  /// Why its start failed.
  let failure: String?

  init(_ document: JSONValue) {
    name = document["name"]?.string ?? ""
    state = document["state"]?.string ?? "?"
    isServerless = document["enable_serverless_compute"]?.bool ?? false
    let health = document["health"]
    if health?["status"]?.string == "FAILED" {
      let reason = health?["failure_reason"]
      let code = reason?["code"]?.string
      let texts = [code, health?["message"]?.string ?? health?["summary"]?.string]
      failure = texts.compactMap { $0 }.joined(separator: ": ")
    } else {
      failure = nil
    }
  }

  var isRunning: Bool { state == "RUNNING" }
  var isGone: Bool { state == "DELETED" || state == "DELETING" }
}
