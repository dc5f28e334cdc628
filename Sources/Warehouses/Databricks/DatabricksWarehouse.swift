import Glibc
import HTTPFetch
import SyncModel
import Warehouse

/// Databricks SQL through the SQL Statement Execution API 2.0 (warehouses.md, part B).
struct DatabricksWarehouse: WarehouseDriver {
  let type = "databricks"
  let credentialTypes = [CredentialType.token, .oauthClient]
  let schema = SettingsSchema([
    .init(
      "host",
      .text,
      isRequired: true,
      help: "the workspace's host, such as dbc-12ab34cd-56ef.cloud.databricks.com"
    ),
    .init(
      "httpPath",
      .text,
      help: "the SQL warehouse's HTTP path, such as /sql/1.0/warehouses/dd43ee29fedd958d"
    ),
    .init("warehouse", .text, help: "the SQL warehouse's id, instead of httpPath"),
    .init(
      "catalog",
      .text,
      isRequired: true,
      help: "the catalog of tables that are named without one"
    ),
    .init(
      "schema",
      .text,
      defaultValue: "default",
      help: "the schema of tables that are named without one"
    ),
    .init("port", .port, defaultValue: "443", help: "the workspace's port"),
    .init("caFile", .path, help: "authorities (PEM) to trust instead of the system's"),
  ])

  private let surroundings: WarehouseSurroundings
  private let timing: DatabricksTiming

  init(_ surroundings: WarehouseSurroundings, timing: DatabricksTiming = DatabricksTiming()) {
    self.surroundings = surroundings
    self.timing = timing
  }

  func connect(
    settings: [String: String],
    credentials: WarehouseCredentials,
    tag: QueryTag
  ) async throws -> any WarehouseConnection {
    let settings = try DatabricksSettings(schema.validated(settings, type: type))
    guard let credential = credentials.main else {
      throw Failure(
        "credential_missing",
        "a databricks source needs a credential: a token, or an OAuth client",
        recovery: .needsOperator
      )
    }
    if let file = settings.authorityFile, access(file, R_OK) != 0 {
      throw Failure(
        "invalid_settings",
        "setting \"caFile\": the file \(file) cannot be read",
        recovery: .needsOperator
      )
    }
    let api = try DatabricksAPI(settings, credential, tag, surroundings, timing)
    do {
      let warehouse = try await api.warehouse()
      if warehouse?.isGone == true {
        throw DatabricksFailure.warehouseGone(settings.warehouseID)
      }
      return DatabricksConnection(api: api, warehouse: warehouse)
    } catch {
      api.shutDown()
      throw error
    }
  }
}

/// How long a Databricks driver waits for what. Tests scale it.
struct DatabricksTiming: Sendable {
  /// Between two looks at a statement: grows from the first to the second.
  var shortestPoll = Duration.milliseconds(100)
  var longestPoll = Duration.seconds(5)
  /// A statement that waits so long has the warehouse looked at, and again after each such time.
  var firstLook = Duration.seconds(2)
  var nextLooks = Duration.seconds(15)
  /// A warehouse that was asked to start may say STOPPED for so long.
  var grace = Duration.seconds(120)
  /// For the warehouse's start: no query's deadline counts it.
  var start = Duration.seconds(600)
  /// For a query of a connection test, once it runs.
  var inspection = Duration.seconds(120)
  /// For each query about one user, once it runs: a person waits.
  var patience = Duration.seconds(30)
  /// A link that ends sooner is asked for again.
  var linkMargin = Duration.seconds(60)
  /// For a cancelled statement to say that it has ended.
  var settling = Duration.seconds(5)
  /// For a submission that nobody wants any more to come back, so that its statement can be cancelled.
  var submission = Duration.seconds(15)
  /// How retries wait.
  var pace = FetchRetrier.Pace.system
}
