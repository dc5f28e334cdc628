import OrchestratorAPI

/// What `apply` sends: one document each.
enum ManifestObject: Sendable, Equatable {
  case credential(CredentialManifest)
  case source(SourceManifest)
  case sync(SyncManifest)

  var kind: String {
    switch self {
    case .credential: "Credential"
    case .source: "Source"
    case .sync: "Sync"
    }
  }

  var name: String {
    switch self {
    case .credential(let value): value.name
    case .source(let value): value.name
    case .sync(let value): value.name
    }
  }

  /// What is referred to comes before what refers to it.
  var rank: Int {
    switch self {
    case .credential: 0
    case .source: 1
    case .sync: 2
    }
  }
}

struct SourceManifest: Sendable, Equatable {
  var name: String
  var type: String
  var settings: [String: String]
  /// Empty where the driver needs none.
  var credential: String
}

struct SyncManifest: Sendable, Equatable {
  var name: String
  var source: String
  /// One of table and query is empty.
  var table: String
  var query: String
  var data: String
  var destination: String
  /// `manual`, `every 15m` or `cron 0 3 * * *`.
  var schedule: String
  var timeZone: String
  var contacts: [String]
  /// 0, or nil, leaves it to the orchestrator.
  var options: SyncOptions
}
