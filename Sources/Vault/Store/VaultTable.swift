import SQLDatabase

/// The tables as the manifest, a backup and a restore walk through them: every column, in an order
/// that does not change.
struct VaultTable: Sendable {
  enum Column: Sendable {
    case integer(String)
    case text(String)
    case blob(String)

    var name: String {
      switch self {
      case .integer(let name), .text(let name), .blob(let name): name
      }
    }
  }

  let name: String
  let columns: [Column]
  /// The primary key, which is the order of the rows.
  let key: String

  /// Every row, in order.
  var select: String {
    "SELECT \(columns.map(\.name).joined(separator: ", ")) FROM \(name) ORDER BY \(key)"
  }

  func forEachRow(
    in connection: any SQLConnection,
    _ body: ([SQLValue]) throws -> Void
  ) throws {
    try connection.query(select, []) { row in
      try body(
        columns.enumerated().map { index, column in
          switch column {
          case .integer: .integer(row.int64(index))
          case .text: .text(row.string(index))
          case .blob: .blob(row.blob(index))
          }
        }
      )
    }
  }

  func insert(_ values: [SQLValue], in connection: any SQLConnection) throws {
    let names = columns.map(\.name).joined(separator: ", ")
    let places = (1...columns.count).map { "?\($0)" }.joined(separator: ", ")
    try connection.execute("INSERT INTO \(name) (\(names)) VALUES (\(places))", values)
  }
}

extension VaultTable {
  private static let seal: [Column] = [
    .integer("root_id"), .blob("key_salt"), .blob("key_nonce"), .blob("wrapped_key"),
    .blob("nonce"), .blob("ciphertext"),
  ]

  static let meta = VaultTable(
    name: "vault_meta",
    columns: [.integer("only_row"), .text("vault_id"), .integer("created_at")],
    key: "only_row"
  )
  static let slots = VaultTable(
    name: "unlock_slot",
    columns: [
      .integer("slot"), .integer("root_id"), .blob("root_salt"), .blob("root_nonce"),
      .blob("wrapped_root"), .blob("canary_salt"), .blob("canary_nonce"), .blob("canary"),
      .integer("created_at"), .text("kind"), .text("kdf"),
    ],
    key: "slot"
  )
  static let keys = VaultTable(name: "vault_key", columns: [.text("label")] + seal, key: "label")
  static let credentials = VaultTable(
    name: "credential",
    columns: [
      .text("workspace"), .text("name"), .text("kind"), .text("username"), .integer("version"),
      .integer("created_at"), .integer("updated_at"), .blob("row_mac"), .text("details"),
    ],
    key: "workspace, name"
  )
  static let secrets = VaultTable(
    name: "secret_version",
    columns: [
      .text("workspace"), .text("name"), .integer("version"), .integer("key_bits"),
      .text("public_key"), .text("fingerprint"),
    ] + seal + [
      .integer("created_at"), .blob("row_mac"), .text("state"), .integer("slot"),
      .integer("changed_at"), .integer("retire_at"),
    ],
    key: "workspace, name, version"
  )
  static let holders = VaultTable(
    name: "holder",
    columns: [
      .text("workspace"), .text("name"), .text("holder"), .integer("since"), .blob("row_mac"),
    ],
    key: "workspace, name, holder"
  )
  static let snowflakeUsers = VaultTable(
    name: "snowflake_user",
    columns: [
      .text("account"), .text("username"), .text("workspace"), .text("name"),
      .integer("claimed_at"), .blob("row_mac"),
    ],
    key: "account, username"
  )
  static let audit = VaultTable(
    name: "audit",
    columns: [
      .integer("seq"), .integer("at"), .text("role"), .text("instance"), .text("action"),
      .text("workspace"), .text("name"), .integer("version"), .text("purpose"), .text("run_id"),
      .text("detail"), .text("digest"), .text("mac"),
    ],
    key: "seq"
  )
  static let manifest = VaultTable(
    name: "manifest",
    columns: [
      .integer("only_row"), .integer("generation"), .integer("root_id"), .integer("audit_start"),
      .integer("audit_seq"), .text("audit_head"), .blob("mac"),
    ],
    key: "only_row"
  )

  /// What the manifest's MAC covers row by row. The audit log is covered by its chain.
  static let underManifest = [meta, slots, keys, credentials, secrets, holders, snowflakeUsers]
  /// Everything, what is referred to before what refers to it.
  static let all = underManifest + [audit, manifest]
}
