import Glibc

/// What a process that holds secrets does before anything else.
public enum ProcessHardening {
  /// No core dumps (they would hold keys), files for their owner only, a closed pipe is an error
  /// and not a death, and no PG* variable that could redirect a connection.
  public static func apply() {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    umask(0o077)
    signal(SIGPIPE, SIG_IGN)
    ProcessEnvironment.removePostgreSQLVariables()
  }
}
