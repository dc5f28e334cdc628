public import Warehouse

extension WarehouseRegistry {
  /// Every driver of this build. A new warehouse is a folder here, a line here, and a fixture in the
  /// contract suite.
  public static func all(_ surroundings: WarehouseSurroundings) -> WarehouseRegistry {
    WarehouseRegistry([
      BigQueryWarehouse(surroundings),
      DatabricksWarehouse(surroundings),
      PostgreSQLWarehouse(),
      RedshiftWarehouse(),
      SQLiteWarehouse(),
      SnowflakeWarehouse(surroundings),
    ])
  }
}
