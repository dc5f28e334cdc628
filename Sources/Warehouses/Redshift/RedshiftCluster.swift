import SQLDatabase
import SyncModel

/// Opens sessions of one cluster, through the tunnel where there is one.
struct RedshiftCluster: Sendable {
  let configuration: PostgreSQLConfiguration
  let isCaseSensitive: Bool
  let statementTimeout: Int
  let tunnel: SSHTunnel?

  init(_ settings: RedshiftSettings, tunnel: SSHTunnel?) {
    var configuration = settings.configuration
    if let tunnel { configuration.detour = .init(address: "127.0.0.1", port: tunnel.port) }
    self.configuration = configuration
    isCaseSensitive = settings.isCaseSensitive
    statementTimeout = settings.statementTimeout
    self.tunnel = tunnel
  }

  /// - Throws: `Failure`, or `CancellationError`.
  func session(in database: String) async throws -> RedshiftSession {
    var configuration = self.configuration
    configuration.database = database
    do {
      let connection = try await PostgreSQLConnection.open(configuration)
      do {
        try await connection.script(sessionSettings)
      } catch {
        await connection.close()
        throw error
      }
      return RedshiftSession(connection, self, database: database)
    } catch {
      if let lost = await tunnel?.explanation(of: error) { throw lost }
      throw RedshiftFailure.connecting(error, configuration)
    }
  }

  /// Instants as text in UTC and ISO 8601, whatever the user is set to (R14); the queries' owner shows
  /// in `query_group`. Nothing here is unknown to the oldest cluster. Read-only is for the grants to
  /// say: Redshift has no read-only session.
  private var sessionSettings: String {
    var script = """
      SET timezone TO 'UTC';
      SET datestyle TO 'ISO';
      SET extra_float_digits TO 2;
      SET statement_timeout TO 0;
      SET query_group TO 'sluice'
      """
    // Left alone otherwise: Redshift refuses tables with row-level security or masking where the
    // session's value is not the cluster's.
    if isCaseSensitive { script += ";\nSET enable_case_sensitive_identifier TO true" }
    return script
  }
}
