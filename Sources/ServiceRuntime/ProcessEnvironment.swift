// `environ` is declared as a mutable global; it is only read here, before threads change it.
@preconcurrency import Glibc

/// The environment that this process was started with.
public enum ProcessEnvironment {
  public static func all() -> [String: String] {
    var result: [String: String] = [:]
    // Safety: `environ` is an array of NUL-terminated texts that ends with a null pointer.
    var entry = environ
    while let text = entry.pointee {
      let line = String(cString: text)
      if let equals = line.firstIndex(of: "=") {
        result[String(line[..<equals])] = String(line[line.index(after: equals)...])
      }
      entry += 1
    }
    return result
  }

  /// Removes every variable that libpq reads: a source's settings alone say where it connects.
  public static func removePostgreSQLVariables() {
    for name in all().keys where name.hasPrefix("PG") { unsetenv(name) }
  }
}
