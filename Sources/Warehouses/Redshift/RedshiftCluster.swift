import SQLDatabase
import SyncModel
import Warehouse

/// Opens sessions of one cluster, through the tunnel where there is one.
struct RedshiftCluster: Sendable {
  let configuration: PostgreSQLConfiguration
  let isCaseSensitive: Bool
  /// Of a run's query.
  let runLimit: StatementLimit
  let tunnel: SSHTunnel?
  private let queryGroup: String

  init(_ settings: RedshiftSettings, tunnel: SSHTunnel?, tag: QueryTag) {
    var configuration = settings.configuration
    // Redshift's limits: 320 characters of query_group, and 250 bytes of application_name in
    // STL_CONNECTION_LOG.
    queryGroup = String(tag.text.prefix(320))
    configuration.applicationName = String(decoding: tag.text.utf8.prefix(250), as: UTF8.self)
    if let tunnel { configuration.detour = .init(address: "127.0.0.1", port: tunnel.port) }
    self.configuration = configuration
    isCaseSensitive = settings.isCaseSensitive
    runLimit = StatementLimit(ofSource: settings.statementTimeout)
    self.tunnel = tunnel
  }

  /// For messages.
  var place: String { "\(configuration.host):\(configuration.port)" }

  /// - Throws: `Failure`, or `CancellationError`.
  func session(in database: String) async throws -> RedshiftSession {
    var configuration = self.configuration
    configuration.database = database
    do {
      let connection = try await PostgreSQLConnection.open(configuration)
      do {
        try await connection.script(sessionSettings)
        try await setQueryGroup(connection)
      } catch {
        await connection.close()
        throw error
      }
      return RedshiftSession(connection, self, database: database)
    } catch {
      if let lost = await tunnel?.explanation(of: error) { throw lost }
      throw RedshiftFailure.connecting(error, configuration, through: tunnel?.bastion)
    }
  }

  /// Whose work it is shows in the cluster's history, and a rule of workload management can go by it. A
  /// cluster that takes no SET_CONFIG is read all the same, under the plain name.
  private func setQueryGroup(_ connection: PostgreSQLConnection) async throws {
    do {
      _ = try await connection.query("SELECT set_config('query_group', $1, false)", [queryGroup])
    } catch let error as PostgreSQLError where error.kind == .server {}
  }

  /// Instants as text in UTC and ISO 8601, whatever the user is set to (R14). Nothing here is unknown to the oldest cluster. Read-only is for the grants to
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
