import Glibc
import SQLDatabase
import SyncModel
import Warehouse

/// A source's settings and credentials, checked.
struct RedshiftSettings: Sendable {
  var configuration: PostgreSQLConfiguration
  /// nil where the cluster is dialled directly.
  var bastion: SSHBastion?
  /// Names in double quotes keep their case.
  var isCaseSensitive: Bool
  /// For one statement of a run; 0 for none.
  var statementTimeout: Int

  static let fields: [SettingsSchema.Field] = [
    .init(
      "host",
      .text,
      isRequired: true,
      help: "the cluster's or workgroup's endpoint, a host name"
    ),
    .init("port", .port, defaultValue: "5439", help: "the cluster's port"),
    .init("database", .text, isRequired: true, help: "the database to connect to"),
    .init(
      "tls",
      .choice(modes.map(\.rawValue)),
      defaultValue: PostgreSQLConfiguration.TLS.verifyFull.rawValue,
      help:
        "verify-full checks the certificate and its name, verify-ca not the name, require nothing"
    ),
    .init(
      "caFile",
      .path,
      defaultValue: PostgreSQLConfiguration.systemAuthorities,
      help: "the authorities (PEM) to trust, e.g. Amazon's redshift-ca-bundle.crt"
    ),
    .init(
      "case_sensitive",
      .choice(["no", "yes"]),
      defaultValue: "no",
      help: "yes where the tables were made with enable_case_sensitive_identifier"
    ),
    .init(
      "statement_timeout",
      .text,
      defaultValue: "0",
      help: "seconds that a run's query may take, waiting in the queue included; 0: no limit"
    ),
    .init("tunnel_host", .text, help: "private network: the SSH bastion's host name or address"),
    .init("tunnel_port", .port, defaultValue: "22", help: "the bastion's SSH port"),
    .init(
      "tunnel_user",
      .text,
      help: "who signs in at the bastion; it must be the key pair's user"
    ),
    .init(
      "tunnel_host_key",
      .text,
      help: "the bastion's confirmed host key: SHA256:… or its line of known_hosts"
    ),
    .init(
      "tunnel_credential",
      .credential([.sshKeyPair]),
      help: "the SSH key pair in the vault whose public key is in the bastion's authorized_keys"
    ),
  ]

  /// Redshift is reached over networks of others: plain text is no choice.
  private static let modes: [PostgreSQLConfiguration.TLS] = [.verifyFull, .verifyCA, .require]

  /// - Parameter settings: validated by the schema.
  /// - Throws: `Failure` `invalid_settings`, `credential_missing`.
  init(_ settings: [String: String], _ credentials: WarehouseCredentials) throws(Failure) {
    guard let credential = credentials.main else {
      throw Failure(
        "credential_missing",
        """
        a redshift source needs a user name and password: make them with `sluice credential create --type \
        password` and name them as the source's credential
        """,
        recovery: .needsOperator
      )
    }
    let tls = settings["tls"].flatMap(PostgreSQLConfiguration.TLS.init) ?? .verifyFull
    let caFile = settings["caFile"] ?? PostgreSQLConfiguration.systemAuthorities
    if tls != .require, access(caFile, R_OK) != 0 {
      throw invalidSettings(
        "setting \"caFile\": the file \(caFile) cannot be read by the orchestrator"
      )
    }
    let texts = Array(settings.values) + [credential.username]
    guard texts.allSatisfy({ !$0.utf8.contains(0) }), !credential.username.isEmpty,
      !credential.secret.contains(0)
    else { throw invalidSettings("a setting or the credential is empty or holds a NUL byte") }
    let host = settings["host"] ?? ""
    guard PostgreSQLConfiguration.isHost(host) else {
      throw invalidSettings(
        "setting \"host\": \"\(host.prefix(80))\" is neither one host name nor one IP address"
      )
    }
    guard let timeout = Int(settings["statement_timeout"] ?? "0"), (0...604_800).contains(timeout)
    else {
      throw invalidSettings("setting \"statement_timeout\" must be seconds from 0 to 604800")
    }
    configuration = PostgreSQLConfiguration(
      host: host,
      port: Int(settings["port"] ?? "") ?? 5439,
      database: settings["database"] ?? "",
      user: credential.username,
      password: credential.secret,
      tls: tls,
      caFile: caFile
    )
    isCaseSensitive = settings["case_sensitive"] == "yes"
    statementTimeout = timeout
    bastion = try SSHBastion(settings, credentials.named["tunnel_credential"])
  }
}
