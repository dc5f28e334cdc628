import HTTPFetch
import SyncModel
import Warehouse

/// Where an account is, and what its statements run in.
struct SnowflakeSettings: Sendable {
  /// As the operator wrote it; the vault derives a token's account from it.
  var account: String
  /// `https://host[:port]`.
  var origin: HTTPURL
  var authorityFile: String?
  /// Exact names, as SHOW prints them.
  var database: String
  var schema: String
  var warehouse: String
  var role: String
  /// A statement that takes longer is ended by the server.
  var statementTimeout: Int

  static let schema = SettingsSchema([
    .init(
      "account",
      .text,
      isRequired: true,
      help: "the account's identifier: myorg-myaccount, or a locator such as xy12345.eu-west-1"
    ),
    .init("database", .text, isRequired: true, help: "the database that holds the tables"),
    .init("schema", .text, defaultValue: "PUBLIC", help: "the schema of tables without one"),
    .init("warehouse", .text, isRequired: true, help: "the virtual warehouse that runs queries"),
    .init("role", .text, isRequired: true, help: "the role that may read the tables"),
    .init(
      "host",
      .text,
      help: "the host, where it is not ACCOUNT.snowflakecomputing.com: PrivateLink, China"
    ),
    .init("port", .port, defaultValue: "443", help: "the host's port"),
    .init(
      "caFile",
      .path,
      help: "the certificates (PEM) of the authorities to trust instead of the system's"
    ),
    .init(
      "statementTimeout",
      .text,
      defaultValue: "3600",
      help: "seconds after which Snowflake ends a query, 1 to 604800"
    ),
  ])

  /// - Throws: `Failure` `invalid_settings`.
  init(_ settings: [String: String]) throws(Failure) {
    func invalid(_ setting: String, _ reason: String) -> Failure {
      Failure(
        "invalid_settings",
        "setting \"\(setting)\": \(reason)",
        recovery: .needsOperator
      )
    }
    func identifier(_ setting: String) throws(Failure) -> String {
      guard let name = SnowflakeName.exact(settings[setting] ?? "") else {
        throw invalid(setting, "\"\(settings[setting] ?? "")\" is not one name")
      }
      return name
    }
    account = settings["account"] ?? ""
    let isAccount = account.utf8.allSatisfy {
      (48...57).contains($0) || (97...122).contains($0 | 0x20) || [0x2d, 0x2e, 0x5f].contains($0)
    }
    guard isAccount, !account.isEmpty else {
      throw invalid(
        "account",
        "\"\(account)\" is no account identifier; write myorg-myaccount, without https:// and host"
      )
    }
    if account.lowercased().hasSuffix(".snowflakecomputing.com") {
      throw invalid(
        "account",
        "write the account only, without .snowflakecomputing.com; \"host\" is for other hosts"
      )
    }
    database = try identifier("database")
    schema = try identifier("schema")
    warehouse = try identifier("warehouse")
    role = try identifier("role")
    authorityFile = settings["caFile"]
    guard let timeout = Int(settings["statementTimeout"] ?? "3600"), 1...604_800 ~= timeout else {
      throw invalid("statementTimeout", "must be a number of seconds from 1 to 604800")
    }
    statementTimeout = timeout
    let host = settings["host"] ?? Self.host(account)
    let port = settings["port"] ?? "443"
    do {
      origin = try HTTPURL("https://\(host)\(port == "443" ? "" : ":\(port)")")
    } catch {
      throw invalid("host", error.message)
    }
  }

  /// Lower case, and hyphens where the account has underscores: no host name has one.
  static func host(_ account: String) -> String {
    let bytes = account.lowercased().utf8.map { $0 == 0x5f ? 0x2d : $0 }
    return String(decoding: bytes, as: UTF8.self) + ".snowflakecomputing.com"
  }
}

/// Names as Snowflake reads them.
enum SnowflakeName {
  /// The exact name: in double quotes as it is, else in upper case. nil for more or less than one name.
  static func exact(_ text: String) -> String? {
    guard let name = try? TableName(parsing: text, maximumParts: 1), let part = name.parts.first
    else { return nil }
    return part.isQuoted ? part.text : uppercased(part.text)
  }

  /// ASCII only, as SQL folds names.
  static func uppercased(_ text: String) -> String {
    String(decoding: text.utf8.map { (97...122).contains($0) ? $0 & 0xdf : $0 }, as: UTF8.self)
  }

  /// The unquoted parts in upper case.
  static func folded(_ table: TableName) -> TableName {
    TableName(table.parts.map { $0.isQuoted ? $0 : .init(uppercased($0.text)) })
  }

  /// As an operator would write it: in quotes only where it needs them.
  static func written(_ name: String) -> String {
    let isPlain =
      name.utf8.allSatisfy {
        (65...90).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_")
      } && name.utf8.first.map { !(48...57).contains($0) } ?? false
    return isPlain ? name : TableName.quoted(name)
  }
}
