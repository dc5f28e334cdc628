import HTTPFetch
import ServiceRuntime

extension AddressPolicy {
  /// Public addresses, and what SLUICE_EGRESS_ALLOW lists.
  init(_ settings: Settings) throws {
    self.init()
    let list = try settings.text(setting) ?? ""
    for part in list.split(separator: ",") {
      let text = String(part.drop { $0 == " " })
      do {
        allowed.append(try AddressRange(text))
      } catch {
        throw StartupError(.usage, "\(setting): \(error.message)")
      }
    }
  }
}
