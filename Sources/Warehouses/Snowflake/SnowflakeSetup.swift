import SyncModel
import Warehouse

extension SnowflakeWarehouse: WarehouseSetup {
  /// The seed's steps 1 to 5. `IF NOT EXISTS` throughout: what is there stays as it is.
  func setupSteps(settings: [String: String], subject: SetupSubject) throws(Failure)
    -> [SetupStep]
  {
    let settings = try SnowflakeSettings(schema.validated(settings, type: type))
    let names = try SetupNames(settings, subject)
    return [
      SetupStep("Database, schema and table", table(names, subject.data)),
      SetupStep("Role and its grants", role(names)),
      SetupStep("Warehouse", warehouse(names)),
      SetupStep("User and its key", user(names, subject)),
      SetupStep("Network policy", network(names, subject.addresses)),
    ]
  }

  private func table(_ names: SetupNames, _ data: DataType) -> String {
    let payload = data.hasPayload ? ",\n  PAYLOAD VARCHAR(16777216) NOT NULL" : ""
    return """
      CREATE DATABASE IF NOT EXISTS \(names.database);
      CREATE SCHEMA IF NOT EXISTS \(names.schema);
      CREATE TABLE IF NOT EXISTS \(names.table) (
        UPDATED_AT TIMESTAMP_NTZ(9) NOT NULL DEFAULT SYSDATE(),
        -- At least one identifier: EXTERNAL_ID, ALIAS_NAME with ALIAS_LABEL, BRAZE_ID, EMAIL, PHONE.
        EXTERNAL_ID VARCHAR(16777216),
        ALIAS_LABEL VARCHAR(16777216),
        ALIAS_NAME VARCHAR(16777216),
        BRAZE_ID VARCHAR(16777216),
        EMAIL VARCHAR(16777216),
        PHONE VARCHAR(16777216)\(payload)
      );

      """
  }

  private func role(_ names: SetupNames) -> String {
    """
    CREATE ROLE IF NOT EXISTS \(names.role);
    GRANT USAGE ON DATABASE \(names.database) TO ROLE \(names.role);
    GRANT USAGE ON SCHEMA \(names.schema) TO ROLE \(names.role);
    GRANT SELECT ON TABLE \(names.table) TO ROLE \(names.role);

    """
  }

  private func warehouse(_ names: SetupNames) -> String {
    """
    CREATE WAREHOUSE IF NOT EXISTS \(names.warehouse) WITH WAREHOUSE_SIZE = XSMALL \
    AUTO_SUSPEND = 60 AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE;
    GRANT USAGE ON WAREHOUSE \(names.warehouse) TO ROLE \(names.role);
    -- Only where AUTO_RESUME is off:
    -- GRANT OPERATE ON WAREHOUSE \(names.warehouse) TO ROLE \(names.role);

    """
  }

  private func user(_ names: SetupNames, _ subject: SetupSubject) -> String {
    var text = """
      CREATE USER IF NOT EXISTS \(names.user) TYPE = SERVICE DEFAULT_ROLE = \(names.role) \
      DEFAULT_WAREHOUSE = \(names.warehouse);
      GRANT ROLE \(names.role) TO USER \(names.user);

      """
    if let key = Self.keyText(subject.publicKey) {
      let place = subject.keySlot == 2 ? "RSA_PUBLIC_KEY_2" : "RSA_PUBLIC_KEY"
      text += "ALTER USER \(names.user) SET \(place)='\(key)';\n"
    }
    return text
  }

  private func network(_ names: SetupNames, _ addresses: [String]) -> String {
    guard !addresses.isEmpty else {
      return """
        -- Only where the account has a network policy, with the addresses that Sluice connects from:
        -- CREATE NETWORK POLICY IF NOT EXISTS SLUICE_EGRESS ALLOWED_IP_LIST = ('192.0.2.1');
        -- ALTER USER \(names.user) SET NETWORK_POLICY = SLUICE_EGRESS;

        """
    }
    let list = addresses.map { "'\($0)'" }.joined(separator: ", ")
    return """
      CREATE NETWORK POLICY IF NOT EXISTS SLUICE_EGRESS ALLOWED_IP_LIST = (\(list));
      ALTER USER \(names.user) SET NETWORK_POLICY = SLUICE_EGRESS;

      """
  }

  /// A PEM's body in one line, as RSA_PUBLIC_KEY takes it; nil for what is none.
  static func keyText(_ pem: String) -> String? {
    let lines = pem.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("-----") }
    let text = lines.joined()
    let isBase64 = text.utf8.allSatisfy {
      (48...57).contains($0) || (97...122).contains($0 | 0x20) || [0x2b, 0x2f, 0x3d].contains($0)
    }
    return text.isEmpty || !isBase64 ? nil : text
  }
}

/// The names of what is set up, as SQL.
private struct SetupNames {
  var database: String
  var schema: String
  var table: String
  var warehouse: String
  var role: String
  var user: String

  init(_ settings: SnowflakeSettings, _ subject: SetupSubject) throws(Failure) {
    for address in subject.addresses where !Self.isAddress(address) {
      throw Failure(
        "invalid_address",
        "\"\(address)\" is no address such as 192.0.2.1 or 192.0.2.0/24",
        recovery: .needsOperator
      )
    }
    let proposed = subject.table.isEmpty ? "USERS_\(subject.data.rawValue.uppercased())_SYNC" : ""
    let parsed = try TableName(
      parsing: proposed.isEmpty ? subject.table : proposed,
      maximumParts: 3
    )
    let context = [settings.database, settings.schema].map { TableName.Part($0, isQuoted: true) }
    let parts = SnowflakeName.folded(
      TableName(context.prefix(3 - parsed.parts.count) + parsed.parts)
    ).parts.map { SnowflakeName.written($0.text) }
    database = parts.first ?? ""
    schema = parts.dropLast().joined(separator: ".")
    table = parts.joined(separator: ".")
    warehouse = SnowflakeName.written(settings.warehouse)
    role = SnowflakeName.written(settings.role)
    // A LOGIN_NAME has no case; the user is made with that name.
    user = SnowflakeName.written(SnowflakeName.uppercased(subject.username))
  }

  private static func isAddress(_ text: String) -> Bool {
    (1...49).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        (48...57).contains($0) || (97...102).contains($0 | 0x20) || [0x2e, 0x3a, 0x2f].contains($0)
      }
  }
}
