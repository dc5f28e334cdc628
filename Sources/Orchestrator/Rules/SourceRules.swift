import OrchestratorAPI
import RPC
import SyncModel
import Warehouse

/// What a user may say of a source, apart from what needs the vault.
enum SourceRules {
  /// The source in its one form.
  /// - Throws: INVALID_ARGUMENT, naming the field, its value and what is allowed.
  static func validated(_ source: Source?, warehouses: WarehouseRegistry) throws(RPCError)
    -> StoredSource
  {
    guard let source else { throw invalid("invalid_source", "the request holds no source") }
    let workspace = try Name.workspace(source.workspace)
    let name = try Name.validated(source.name, field: "the source's name")
    let driver: any WarehouseDriver
    do {
      driver = try warehouses.driver(source.type)
      _ = try driver.schema.validated(source.settings, type: source.type)
    } catch {
      throw invalid(error.code, "source \"\(name)\": \(error.message)")
    }
    for (setting, value) in source.settings where value.utf8.contains(0) {
      throw invalid(
        "invalid_settings",
        "source \"\(name)\": setting \"\(setting)\" holds a NUL character"
      )
    }
    switch (!driver.credentialTypes.isEmpty, source.credential.isEmpty) {
    case (true, true):
      throw invalid(
        "credential_required",
        "source \"\(name)\" is of type \(source.type), which needs a credential; name one of `sluice credential list`"
      )
    case (false, false):
      throw invalid(
        "credential_not_used",
        "source \"\(name)\" is of type \(source.type), which takes no credential; leave \(quoted(source.credential)) out"
      )
    case (true, false):
      _ = try Name.validated(source.credential, field: "the credential of source \"\(name)\"")
    case (false, true): break
    }
    return StoredSource(
      workspace: workspace,
      name: name,
      type: source.type,
      settings: source.settings,
      credential: source.credential
    )
  }
}
