import SyncModel
import Warehouse

/// A table by its three parts, those that were left out from the source's settings.
struct DatabricksTable: Sendable {
  let catalog: String
  let schema: String
  let name: String

  init(_ table: TableName, _ settings: DatabricksSettings) {
    let parts = table.parts.map(\.text)
    name = parts.last ?? ""
    schema = parts.dropLast().last ?? settings.schema
    catalog = parts.dropLast(2).last ?? settings.catalog
  }

  /// Of a selection; nil for a query.
  init?(_ selection: RowSelection, _ settings: DatabricksSettings) {
    guard case .table(let text) = selection,
      let table = try? TableName(parsing: text, maximumParts: 3)
    else { return nil }
    self.init(table, settings)
  }

  private var quotedCatalog: String { DatabricksSource.quoted(catalog) }
  private var quotedSchema: String { "\(quotedCatalog).\(DatabricksSource.quoted(schema))" }
  /// As SQL.
  var sql: String { "\(quotedSchema).\(DatabricksSource.quoted(name))" }
  /// As Unity Catalog's API names it.
  var fullName: String { "\(catalog).\(schema).\(name)" }

  /// What a reader needs, as statements of whoever owns the table.
  func grants(to principal: String) -> String {
    let who = DatabricksSource.quoted(principal)
    return """
      GRANT USE CATALOG ON CATALOG \(quotedCatalog) TO \(who); \
      GRANT USE SCHEMA ON SCHEMA \(quotedSchema) TO \(who); \
      GRANT SELECT ON TABLE \(sql) TO \(who);
      """
  }

  /// Adds columns.
  func adding(_ columns: [(name: String, type: String)]) -> String {
    let list = columns.map { "\($0.name) \($0.type)" }.joined(separator: ", ")
    return "ALTER TABLE \(sql) ADD COLUMNS (\(list));"
  }

  /// A view that shows columns as other types: most types of a table's columns cannot be changed.
  func casting(_ columns: [(name: String, type: String)]) -> String {
    let view = "\(quotedSchema).\(DatabricksSource.quoted(name + "_for_sluice"))"
    let names = columns.map { DatabricksSource.quoted($0.name) }
    let casts = zip(names, columns).map { name, column in
      "CAST(\(name) AS \(column.type)) AS \(name)"
    }
    return """
      CREATE VIEW \(view) AS SELECT * EXCEPT (\(names.joined(separator: ", "))), \
      \(casts.joined(separator: ", ")) FROM \(sql);
      """
  }
}
