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

struct CredentialManifest: Sendable, Equatable {
  enum Secret: Sendable, Equatable {
    /// The vault makes a key pair of that many bits (0: its own choice).
    case keyPair(bits: UInt32)
    case password(SecretText)
  }

  var name: String
  var username: String
  var secret: Secret
}

/// A secret on its way to the vault; it prints as dots.
struct SecretText: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
  let bytes: [UInt8]
  var description: String { "•••" }
  var customMirror: Mirror { Mirror(self, children: []) }
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
  /// Nanoseconds; nil leaves it to the orchestrator.
  var overlap: Int64?
  var updateExistingOnly: Bool
  /// 0 leaves it to the orchestrator.
  var rowLimit: Int64
}
