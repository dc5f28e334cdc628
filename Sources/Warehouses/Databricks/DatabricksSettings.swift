import HTTPFetch
import SyncModel

/// A Databricks source's settings, read.
struct DatabricksSettings: Sendable {
  /// `https://host` or `https://host:port`.
  let workspace: HTTPURL
  let warehouseID: String
  let catalog: String
  let schema: String
  let authorityFile: String?

  /// - Throws: `Failure` `invalid_settings`.
  init(_ settings: [String: String]) throws(Failure) {
    func invalid(_ message: String) -> Failure {
      Failure("invalid_settings", message, recovery: .needsOperator)
    }
    // People copy it out of the browser.
    var host = settings["host"] ?? ""
    if host.hasPrefix("https://") { host.removeFirst(8) }
    if host.hasSuffix("/") { host.removeLast() }
    do throws(FetchError) {
      _ = try Host(host)
      workspace = try HTTPURL("https://\(host):\(settings["port"] ?? "443")")
    } catch {
      throw invalid("setting \"host\": \(error.message)")
    }
    switch (settings["httpPath"], settings["warehouse"]) {
    case (nil, let id?): warehouseID = id
    case (let path?, nil):
      let parts = path.split(separator: "/")
      guard parts.count == 4, parts[0] == "sql", parts[2] == "warehouses" || parts[2] == "endpoints"
      else {
        throw invalid(
          "setting \"httpPath\" must look like /sql/1.0/warehouses/dd43ee29fedd958d, not \"\(path.prefix(200))\""
        )
      }
      warehouseID = String(parts[3])
    case (nil, nil):
      throw invalid(
        "a databricks source needs the setting \"httpPath\": the SQL warehouse's, from its connection details"
      )
    default: throw invalid("set \"httpPath\" or \"warehouse\", not both")
    }
    // It becomes a part of paths.
    guard (1...100).contains(warehouseID.utf8.count),
      warehouseID.utf8.allSatisfy({
        (48...57).contains($0) || (97...122).contains($0 | 0x20) || $0 == UInt8(ascii: "-")
          || $0 == UInt8(ascii: "_")
      })
    else {
      throw invalid(
        "\"\(warehouseID.prefix(100))\" is no id of a SQL warehouse: one has letters, digits, - and _"
      )
    }
    catalog = settings["catalog"] ?? ""
    schema = settings["schema"] ?? "default"
    authorityFile = settings["caFile"]
  }
}
