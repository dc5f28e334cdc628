import HTTPFetch
import ServiceRuntime

extension AddressPolicy {
  /// Public addresses, and those that the operator lists.
  init(_ settings: Settings) throws {
    let text = try settings.text("SLUICE_EGRESS_ALLOW") ?? ""
    do {
      self.init(
        allowed: try text.split(separator: ",").map { part in
          try AddressRange(String(part.filter { $0 != " " }))
        }
      )
    } catch let error as FetchError {
      throw StartupError(.usage, "SLUICE_EGRESS_ALLOW: \(error.message)")
    }
  }
}
