import Glibc
public import SQLDatabase

extension PostgreSQLCluster {
  /// How to log in to it as the tests' role, without TLS.
  public var configuration: PostgreSQLConfiguration {
    PostgreSQLConfiguration(
      host: Self.host,
      port: port,
      database: Self.database,
      user: Self.user,
      password: Array(Self.password.utf8),
      tls: .disable,
      caFile: authorityFile
    )
  }

  /// Stops the server as its operator would: sessions end, what was committed is written.
  public func stop() throws { try control(["-m", "fast", "stop"]) }

  /// Starts it again on its port.
  public func start() throws {
    try control(["-l", directory + "/log", "-o", "-p \(port)", "start"])
  }

  private func control(_ arguments: [String]) throws {
    let asOwner = geteuid() == 0 ? ["runuser", "-u", "postgres", "--"] : []
    // Without a pipe to this process: the server would hold it open.
    let command =
      asOwner + [
        "sh", "-c", #"exec "$@" >"$0" 2>&1 </dev/null"#, directory + "/control.log",
        binaries + "/pg_ctl", "-D", directory + "/data", "-w", "-s",
      ] + arguments
    let (status, output) = try ChildProcess.run(command)
    guard status == 0 else {
      throw PostgreSQLClusterError("pg_ctl \(arguments) ended with \(status): \(output)")
    }
  }
}
