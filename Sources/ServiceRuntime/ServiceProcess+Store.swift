public import SQLDatabase

extension ServiceProcess {
  /// The settings of a service that keeps its state with `openStore`.
  public static let storeSettings: [(name: String, help: String)] = [
    (
      storeSetting,
      "postgresql://user@host:port/database?sslmode=verify-full&sslrootcert=FILE, where its state "
        + "is kept; empty: in SQLite files in SLUICE_DATA"
    ),
    (passwordSetting, "the file of that user's password"),
  ]

  static let storeSetting = "SLUICE_STORE"
  static let passwordSetting = "SLUICE_STORE_PASSWORD_FILE"
}

extension ServiceProcess.Surroundings {
  /// Opens the service's store: `NAME.db` in SLUICE_DATA, or the schema `sluice_NAME` of the
  /// database that SLUICE_STORE names.
  ///
  /// - Parameter name: the service's, e.g. `vault`.
  /// - Throws: `StartupError`, which names the setting or the store.
  public func openStore(
    name: String,
    migrations: SQLMigrations
  ) async throws -> any SQLDatabase {
    if let server = try storeServer() {
      do {
        return try await PostgreSQLDatabase.open(
          PostgreSQLDatabase.Configuration(server: server, schema: "sluice_\(name)"),
          migrations: migrations
        )
      } catch let error as SQLError {
        let place = "\(server.database) at \(server.host):\(server.port)"
        throw StartupError(.environment, "cannot open the store \(place): \(error.message)")
      }
    }
    let path = "\(configuration.data)/\(name).db"
    do {
      return try await SQLiteDatabase.open(path: path, migrations: migrations)
    } catch let error as SQLError {
      throw StartupError(.environment, "cannot open the store \(path): \(error.message)")
    }
  }

  /// The server of SLUICE_STORE; nil where the state is kept in SQLite.
  private func storeServer() throws(StartupError) -> PostgreSQLConfiguration? {
    let (store, file) = (ServiceProcess.storeSetting, ServiceProcess.passwordSetting)
    guard let url = try configuration.settings.text(store) else { return nil }
    var password: [UInt8] = []
    if let path = try configuration.settings.text(file) {
      do {
        password = try RegularFile.read(path, limit: 64 << 10)
      } catch {
        throw StartupError(.environment, "\(file): \(error)")
      }
      if password.last == UInt8(ascii: "\n") { password.removeLast() }
      guard !password.contains(0) else {
        throw StartupError(.environment, "\(file): \(path) holds a NUL byte, which no password has")
      }
    }
    do {
      return try PostgreSQLConfiguration(url: url, password: password)
    } catch {
      throw StartupError(.usage, "\(store): \(error); the password goes into the file of \(file)")
    }
  }
}
