import SQLDatabase
import SyncModel
import Warehouse

/// Amazon Redshift through libpq, directly or through an SSH tunnel.
struct RedshiftWarehouse: WarehouseDriver {
  let type = "redshift"
  let credentialTypes = [CredentialType.password]
  let schema = SettingsSchema(RedshiftSettings.fields)

  func connect(
    settings: [String: String],
    credentials: WarehouseCredentials,
    tag: QueryTag
  ) async throws -> any WarehouseConnection {
    let settings = try RedshiftSettings(try schema.validated(settings, type: type), credentials)
    let tunnel: SSHTunnel? =
      if let bastion = settings.bastion {
        try await SSHTunnel.open(
          bastion,
          to: settings.configuration.host,
          port: settings.configuration.port
        )
      } else {
        nil
      }
    let cluster = RedshiftCluster(settings, tunnel: tunnel, tag: tag)
    do {
      let session = try await cluster.session(in: settings.configuration.database)
      return RedshiftWarehouseConnection(cluster, session)
    } catch {
      await tunnel?.close()
      throw error
    }
  }
}
