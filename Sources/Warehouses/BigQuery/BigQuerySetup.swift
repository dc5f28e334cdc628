import SyncModel
import Warehouse

extension BigQueryWarehouse: WarehouseSetup {
  /// The seed's steps 1 and 2. What is there stays as it is.
  func setupSteps(settings: [String: String], subject: SetupSubject) throws(Failure) -> [SetupStep]
  {
    let settings = try BigQuerySettings(schema.validated(settings, type: type))
    var table = subject.table
    if table.isEmpty {
      let proposed = "users_\(subject.data.rawValue)_sync"
      table = settings.dataset == nil ? "ingestion.\(proposed)" : proposed
    }
    let path = try BigQueryPath(table, settings: settings)
    let account = try Self.account(subject.username, project: settings.project)
    return [
      SetupStep(
        "Dataset and table (in the console, or with bq query --nouse_legacy_sql)",
        Self.tableStatements(path, settings, subject.data)
      ),
      SetupStep(
        "Service account and its roles (in a shell with gcloud)",
        Self.roles(path, settings, account)
      ),
      SetupStep("Key, and what becomes of it", Self.key(account)),
    ]
  }

  /// Partitions by day: a run then reads, and is billed for, the days that changed.
  private static func tableStatements(
    _ path: BigQueryPath,
    _ settings: BigQuerySettings,
    _ data: DataType
  ) -> String {
    let location = settings.location.map { " OPTIONS (location = '\($0)')" } ?? ""
    let payload = data.hasPayload ? ",\n  payload JSON NOT NULL" : ""
    return """
      CREATE SCHEMA IF NOT EXISTS \(BigQuerySQL.quoted("\(path.project).\(path.dataset)"))\(location);
      CREATE TABLE IF NOT EXISTS \(path.sql) (
        updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP(),
        -- At least one identifier: external_id, alias_name with alias_label, braze_id, email, phone.
        external_id STRING,
        alias_name STRING,
        alias_label STRING,
        braze_id STRING,
        email STRING,
        phone STRING\(payload)
      )
      PARTITION BY DATE(updated_at);

      """
  }

  /// The seed's four roles: two on the project that is billed, two where the data is.
  private static func roles(
    _ path: BigQueryPath,
    _ settings: BigQuerySettings,
    _ account: (name: String, address: String)
  ) -> String {
    var text = """
      gcloud iam service-accounts create \(account.name) --project=\(settings.project) \
      --display-name="Sluice"

      """
    let grants = [
      (settings.project, "roles/bigquery.jobUser"), (settings.project, "roles/bigquery.user"),
      (settings.project, "roles/bigquery.connectionUser"),
      (path.project, "roles/bigquery.dataViewer"),
    ]
    for (project, role) in grants {
      text += """
        gcloud projects add-iam-policy-binding \(project) --role=\(role) \
        --member=serviceAccount:\(account.address)

        """
    }
    return text + """
      # Instead of the last one, for this dataset alone:
      # bq query --nouse_legacy_sql 'GRANT `roles/bigquery.dataViewer` ON SCHEMA \
      \(BigQuerySQL.quoted("\(path.project).\(path.dataset)")) TO "serviceAccount:\(account.address)"'

      """
  }

  private static func key(_ account: (name: String, address: String)) -> String {
    """
    gcloud iam service-accounts keys create key.json --iam-account=\(account.address)
    sluice credential create bigquery --type service_account --secret-file key.json
    shred -u key.json

    """
  }

  /// A service account's name and address; the credential's where there is one.
  private static func account(
    _ username: String,
    project: String
  ) throws(Failure) -> (name: String, address: String) {
    // example.com:shop has its accounts at shop.example.com.
    let parts = project.split(separator: ":", maxSplits: 1)
    let domain = parts.count == 2 ? "\(parts[1]).\(parts[0])" : project
    let address =
      username.isEmpty ? "sluice@\(domain).iam.gserviceaccount.com" : username
    let isPlain = address.utf8.allSatisfy {
      (48...57).contains($0) || (97...122).contains($0 | 0x20) || [0x2d, 0x2e, 0x40].contains($0)
    }
    guard let at = address.firstIndex(of: "@"), at > address.startIndex, isPlain else {
      throw Failure(
        "invalid_settings",
        "\"\(address.prefix(200))\" is no service account's address",
        recovery: .needsOperator
      )
    }
    return (String(address[..<at]), address)
  }
}
