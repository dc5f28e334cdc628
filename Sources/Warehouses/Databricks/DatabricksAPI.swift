import HTTPFetch
import SyncModel
import Warehouse

/// The calls of one workspace, with one SQL warehouse. Every answer is JSON, or an error that says so.
final class DatabricksAPI: Sendable {
  let settings: DatabricksSettings
  private let tag: QueryTag
  let timing: DatabricksTiming
  let surroundings: WarehouseSurroundings
  private let client: HTTPClient
  /// For links of results: it never has a header of ours (warehouses.md, B.4).
  let links: HTTPClient
  private let login: DatabricksLogin
  /// A person waits for the first call; a statement that is under way may be waited for longer.
  private let brief: FetchRetrier
  private let patient: FetchRetrier

  /// The largest answer: a manifest of 100,000 chunks.
  private static let largestAnswer = 32 << 20

  init(
    _ settings: DatabricksSettings,
    _ credential: WarehouseCredential,
    _ tag: QueryTag,
    _ surroundings: WarehouseSurroundings,
    _ timing: DatabricksTiming
  ) throws(Failure) {
    self.settings = settings
    self.tag = tag
    self.timing = timing
    self.surroundings = surroundings
    var configuration = HTTPClientConfiguration(
      policy: surroundings.egress,
      authorityFile: settings.authorityFile
    )
    configuration.userAgent = surroundings.userAgent
    do throws(FetchError) {
      client = try HTTPClient(configuration)
      configuration.bodyBuffer = 1 << 20
      links = try HTTPClient(configuration)
    } catch {
      throw Failure("unavailable", error.message, recovery: .retry, cause: error.cause)
    }
    // Without Retry-After, a second is the least (B.3).
    var pace = timing.pace
    let sleep = pace.sleep
    pace.sleep = { try await sleep(max($0, .seconds(1))) }
    brief = FetchRetrier(
      client,
      policy: FetchRetryPolicy(maximumAttempts: 3, deadline: .seconds(60)),
      world: surroundings.world,
      pace: pace
    )
    // While a warehouse starts, calls may be refused with 503 (B.6).
    patient = FetchRetrier(
      client,
      policy: FetchRetryPolicy(
        maximumAttempts: 40,
        firstDelay: .seconds(1),
        deadline: timing.start
      ),
      world: surroundings.world,
      pace: pace
    )
    login = try DatabricksLogin(credential, workspace: settings.workspace, retrier: brief)
  }

  func shutDown() {
    client.shutDown()
    links.shutDown()
  }

  // MARK: Calls

  /// The warehouse's state; nil where this login may use but not look at it.
  func warehouse() async throws -> DatabricksWarehouseState? {
    let path = "/api/2.0/sql/warehouses/\(settings.warehouseID)"
    do {
      return DatabricksWarehouseState(try await call(.get, path, about: .warehouse, by: brief))
    } catch let failure as Failure where failure.code == "permission_denied" {
      return nil
    }
  }

  func execute(_ query: DatabricksQuery) async throws -> DatabricksAnswer {
    let body = query.body(settings, tag)
    return try DatabricksAnswer(
      await call(.post, "/api/2.0/sql/statements", body: body, about: .execute, by: patient)
    )
  }

  func status(_ id: DatabricksStatementID) async throws -> DatabricksAnswer {
    try DatabricksAnswer(await call(.get, id.path, about: .statement, by: patient))
  }

  /// The path is made of our own index: what the server calls the next one may lead anywhere (B.8.14).
  func link(_ id: DatabricksStatementID, chunk: Int) async throws -> DatabricksLink {
    let answer = try await call(
      .get,
      "\(id.path)/result/chunks/\(chunk)",
      about: .statement,
      by: patient
    )
    guard let link = DatabricksLink.all(answer).first(where: { $0.chunk == chunk }) else {
      throw DatabricksFailure.unexpected("its answer has no link to chunk \(chunk)")
    }
    return link
  }

  func cancel(_ id: DatabricksStatementID) async throws {
    _ = try await call(.post, "\(id.path)/cancel", body: [], about: .statement, by: brief)
  }

  /// Lets the result go. Official drivers do it; the reference does not name it.
  func release(_ id: DatabricksStatementID) async throws {
    _ = try await call(.delete, id.path, about: .statement, by: brief)
  }

  /// Whether Unity Catalog says that there is no such schema; false where it says nothing.
  func isMissing(catalog: String, schema: String) async -> Bool {
    guard let name = Self.segment("\(catalog).\(schema)") else { return false }
    do {
      _ = try await call(.get, "/api/2.1/unity-catalog/schemas/\(name)", about: .schema, by: brief)
      return false
    } catch let failure as Failure {
      return failure.code == "schema_not_found"
    } catch {
      return false
    }
  }

  /// What Unity Catalog says of a table, which it does without a SQL warehouse.
  /// - Throws: `Failure` `table_not_found`, `permission_denied`.
  func columns(of table: DatabricksTable) async throws -> [DatabricksManifest.Column] {
    guard let name = Self.segment(table.fullName) else { return [] }
    let path = "/api/2.1/unity-catalog/tables/\(name)"
    let answer = try await call(.get, path, about: .table, by: brief)
    return DatabricksManifest.Column.all(answer["columns"])
  }

  /// A name as one segment of a path (RFC 3986, section 3.3); nil for an empty one.
  private static func segment(_ name: String) -> String? {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in name.utf8 {
      let isPlain =
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
      result +=
        isPlain ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return result.isEmpty ? nil : String(decoding: result, as: UTF8.self)
  }

  // MARK: Transport

  private func call(
    _ method: HTTPMethod,
    _ path: String,
    body: [UInt8]? = nil,
    about subject: DatabricksFailure.Subject,
    by retrier: FetchRetrier
  ) async throws -> JSONValue {
    let (answer, token) = try await attempt(method, path, body, retrier)
    if login.renews, DatabricksFailure.isRefusedToken(answer.status, answer.document) {
      // It may have been revoked, or have ended before its time: once more with a new one.
      await login.forget(token)
      return try await attempt(method, path, body, retrier).0.checked(subject, settings)
    }
    return try answer.checked(subject, settings)
  }

  private struct Answer {
    var status: Int
    var contentType: String
    var body: [UInt8]
    var document: JSONValue?

    func checked(
      _ subject: DatabricksFailure.Subject,
      _ settings: DatabricksSettings
    ) throws -> JSONValue {
      if status == 200 {
        // A login page is a 200, too (B.3). A cancellation's answer is empty.
        if body.isEmpty { return .object([]) }
        if contentType.hasPrefix("application/json"), let document { return document }
        throw DatabricksFailure.notDatabricks(status, contentType, settings)
      }
      throw DatabricksFailure.answered(
        status,
        contentType: contentType,
        body: body,
        document,
        subject,
        settings
      )
    }
  }

  private func attempt(
    _ method: HTTPMethod,
    _ path: String,
    _ body: [UInt8]?,
    _ retrier: FetchRetrier
  ) async throws -> (Answer, token: String) {
    let token = try await login.bearer()
    do {
      var request = HTTPRequest(method, try settings.workspace.replacing(target: path), body: body)
      try request.headers.add("Authorization", "Bearer \(token)")
      try request.headers.add("Accept", "application/json")
      if body != nil { try request.headers.add("Content-Type", "application/json") }
      let (response, bytes) = try await retrier.fetch(request, limit: Self.largestAnswer)
      // A body whose reader was cancelled may look like an empty one.
      try Task.checkCancellation()
      return (
        Answer(
          status: response.status,
          contentType: (response.headers["Content-Type"] ?? "none").lowercased(),
          body: bytes,
          document: JSONValue(bytes)
        ), token
      )
    } catch {
      throw DatabricksFailure.transport(error, "the workspace")
    }
  }
}
