import SyncModel
import VaultAPI
import Warehouse

/// One credential that a source names, and what it may be.
struct CredentialUse: Sendable {
  /// The setting that names it; nil for the source's own.
  var setting: String?
  var credential: String
  var types: [CredentialType]

  /// - Throws: `Failure` `credential_type`.
  func allowed(_ kind: CredentialKind, source: StoredSource) throws(Failure) -> CredentialType {
    if let type = kind.name.flatMap(CredentialType.init(rawValue:)), types.contains(type) {
      return type
    }
    let place = setting.map { " as its \($0)" } ?? ""
    throw Failure(
      "credential_type",
      "credential \"\(credential)\" is a \(kind.name ?? "secret of an unknown type"), which a \(source.type) source cannot use\(place); name one of type \(types.map(\.rawValue).joined(separator: " or "))",
      recovery: .needsOperator
    )
  }
}

extension StoredSource {
  /// Every credential that the source names.
  func credentialUses(of driver: any WarehouseDriver) -> [CredentialUse] {
    var uses: [CredentialUse] = []
    if !credential.isEmpty {
      uses.append(CredentialUse(credential: credential, types: driver.credentialTypes))
    }
    for (name, types) in driver.schema.credentialFields {
      guard let credential = settings[name], !credential.isEmpty else { continue }
      uses.append(CredentialUse(setting: name, credential: credential, types: types))
    }
    return uses
  }
}
