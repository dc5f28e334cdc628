import HTTPFetch
import SyncModel
import TestSupport
import Warehouse
import Warehouses

extension WarehouseRegistry {
  /// The drivers of this build, which may call this machine: emulators are here.
  static let all = WarehouseRegistry.all(.tests)
}

extension WarehouseSurroundings {
  static var tests: WarehouseSurroundings {
    var egress = AddressPolicy()
    for text in ["127.0.0.0/8", "::1"] {
      if let range = try? AddressRange(text) { egress.allowed.append(range) }
    }
    return WarehouseSurroundings(
      egress: egress,
      world: World(now: { .machine }, newID: { "00000000-0000-4000-8000-000000000000" }),
      userAgent: "sluice/tests"
    )
  }
}
