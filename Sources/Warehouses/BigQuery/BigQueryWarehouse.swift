import HTTPFetch
import SyncModel
import Warehouse

/// BigQuery over its REST API v2, signed in as a service account.
struct BigQueryWarehouse: WarehouseDriver {
  let type = "bigquery"
  let schema = BigQuerySettings.schema
  let credentialTypes = [CredentialType.serviceAccount]
  private let surroundings: WarehouseSurroundings
  private let policy: FetchRetryPolicy

  init(_ surroundings: WarehouseSurroundings, policy: FetchRetryPolicy = Self.retries) {
    self.surroundings = surroundings
    self.policy = policy
  }

  /// Google's own client tries for ten minutes; a run is tried again as a whole anyway.
  static let retries = FetchRetryPolicy(
    maximumAttempts: 8,
    firstDelay: .milliseconds(250),
    longestDelay: .seconds(20),
    deadline: .seconds(300)
  )

  func connect(
    settings: [String: String],
    credentials: WarehouseCredentials,
    tag: QueryTag
  ) async throws -> any WarehouseConnection {
    let settings = try BigQuerySettings(schema.validated(settings, type: type))
    guard let signer = credentials.main?.signer else {
      throw Failure(
        "credential_missing",
        "a bigquery source needs a credential of type service_account: the key file of a service "
          + "account; sluice credential create NAME --type service_account --secret-file key.json",
        recovery: .needsOperator
      )
    }
    var configuration = HTTPClientConfiguration(
      policy: surroundings.egress,
      authorityFile: settings.caFile
    )
    // Google sends gzip only to those whose name says so too ("Performance tips").
    configuration.userAgent = "\(surroundings.userAgent) (gzip)"
    let client: HTTPClient
    do {
      client = try HTTPClient(configuration)
    } catch {
      throw BigQueryFailure.transport(error, what: "starting")
    }
    let access = GoogleAccess(
      client,
      signer: signer,
      policy: policy,
      world: surroundings.world
    )
    let api = BigQueryAPI(
      settings,
      client: client,
      access: access,
      policy: policy,
      world: surroundings.world,
      account: credentials.main?.username ?? "",
      tag: tag
    )
    do {
      try await api.signIn()
    } catch {
      api.shutDown()
      throw error
    }
    return BigQueryWarehouseConnection(api)
  }
}
