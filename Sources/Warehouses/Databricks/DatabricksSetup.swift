import SyncModel
import Warehouse

extension DatabricksWarehouse: WarehouseSetup {
  /// The seed's steps, filled in. `IF NOT EXISTS` throughout: what is there stays as it is.
  func setupSteps(settings: [String: String], subject: SetupSubject) throws(Failure)
    -> [SetupStep]
  {
    let settings = try DatabricksSettings(schema.validated(settings, type: type))
    let names = try SetupNames(settings, subject)
    return [
      SetupStep("Catalog, schema and table", table(names, subject.data)),
      SetupStep("Grants", grants(names)),
      SetupStep("SQL warehouse and secret", byHand(names, settings, subject)),
      SetupStep("IP access list", network(subject.addresses)),
    ]
  }

  private func table(_ names: SetupNames, _ data: DataType) -> String {
    // The seed's table of types and modes.
    let payload = data.hasPayload ? ",\n  payload STRING NOT NULL" : ""
    return """
      CREATE CATALOG IF NOT EXISTS \(names.catalog);
      CREATE SCHEMA IF NOT EXISTS \(names.schema);
      CREATE TABLE IF NOT EXISTS \(names.table) (
        updated_at TIMESTAMP NOT NULL DEFAULT current_timestamp(),
        -- At least one identifier: external_id, alias_name with alias_label, braze_id, email, phone.
        external_id STRING,
        alias_name STRING,
        alias_label STRING,
        braze_id STRING,
        email STRING,
        phone STRING\(payload)
      ) CLUSTER BY (updated_at) TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported');

      """
  }

  private func grants(_ names: SetupNames) -> String {
    """
    GRANT USE CATALOG ON CATALOG \(names.catalog) TO \(names.principal);
    GRANT USE SCHEMA ON SCHEMA \(names.schema) TO \(names.principal);
    GRANT SELECT ON TABLE \(names.table) TO \(names.principal);

    """
  }

  /// What no statement does.
  private func byHand(
    _ names: SetupNames,
    _ settings: DatabricksSettings,
    _ subject: SetupSubject
  ) -> String {
    """
    -- SQL Warehouses, the warehouse \(settings.warehouseID), Permissions: \(names.principal) "Can use".
    -- It starts a stopped warehouse, too. Auto stop: 10 minutes, or a serverless warehouse.
    -- A service principal: Settings, Identity and access, Service principals, Secrets, Generate secret:
    --   the client's id and the secret are a credential of type oauth_client.
    -- A person: User Settings, Access tokens, Generate new token, its lifetime left empty:
    --   the token is a credential of type token.

    """
  }

  private func network(_ addresses: [String]) -> String {
    let list = addresses.isEmpty ? "" : ": \(addresses.joined(separator: ", "))"
    return """
      -- Only where the workspace has an IP access list: Settings, Security, IP access list, with the
      -- addresses that Sluice connects from\(list).

      """
  }
}

/// The names of what is set up, as SQL.
private struct SetupNames {
  var catalog: String
  var schema: String
  var table: String
  /// Who reads: a service principal's application id, or a person's address.
  var principal: String

  init(_ settings: DatabricksSettings, _ subject: SetupSubject) throws(Failure) {
    for address in subject.addresses where !Self.isAddress(address) {
      throw Failure(
        "invalid_address",
        "\"\(address)\" is no address such as 192.0.2.1 or 192.0.2.0/24",
        recovery: .needsOperator
      )
    }
    let proposed = subject.table.isEmpty ? "users_\(subject.data.rawValue)_sync" : subject.table
    let parsed = try TableName(parsing: proposed, maximumParts: 3)
    let context = [settings.catalog, settings.schema].map { TableName.Part($0, isQuoted: true) }
    let parts = (context.prefix(3 - parsed.parts.count) + parsed.parts).map {
      DatabricksSource.quoted($0.text)
    }
    catalog = parts.first ?? ""
    schema = parts.dropLast().joined(separator: ".")
    table = parts.joined(separator: ".")
    // A token has no user name: its holder's stands in.
    principal = DatabricksSource.quoted(subject.username.isEmpty ? "sluice" : subject.username)
  }

  private static func isAddress(_ text: String) -> Bool {
    (1...49).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        (48...57).contains($0) || (97...102).contains($0 | 0x20) || [0x2e, 0x3a, 0x2f].contains($0)
      }
  }
}
