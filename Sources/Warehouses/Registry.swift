public import Warehouse

extension WarehouseRegistry {
  /// Every driver of this build. A new warehouse is a folder here, a line here, and a fixture in the
  /// contract suite.
  public static let all = WarehouseRegistry([
    PostgreSQLWarehouse(),
    RedshiftWarehouse(),
    SQLiteWarehouse(),
  ])
}
