import OrchestratorAPI
import Warehouse
import WriterAPI

/// The user whom a request asks about, in the words of those who are asked.
struct ExplainedUser {
  var source: SourceUser
  var profile: GetProfileRequest
  /// For messages: `external_id 42`.
  var text: String

  /// Longer than any identifier may be.
  private static let longest = 1024

  /// - Throws: INVALID_ARGUMENT unless there is exactly one identifier, of text without NUL.
  init(_ request: ExplainRowRequest, workspace: String) throws {
    func checked(_ value: String, _ field: String) throws -> String? {
      guard !value.isEmpty else { return nil }
      // A NUL would end the value at the warehouse, and another user be found.
      guard value.utf8.count <= Self.longest, !value.utf8.contains(0) else {
        throw invalid(
          "invalid_\(field)",
          "\(field) must be at most \(Self.longest) bytes without NUL"
        )
      }
      return value
    }
    guard request.aliasName.isEmpty == request.aliasLabel.isEmpty else {
      throw invalid("invalid_alias_name", "alias_name and alias_label go together")
    }
    var found: [(SourceUser, String)] = []
    if let value = try checked(request.externalId, "external_id") {
      found.append((.externalID(value), "external_id \(quoted(value))"))
    }
    if let name = try checked(request.aliasName, "alias_name"),
      let label = try checked(request.aliasLabel, "alias_label")
    {
      found.append((.alias(name: name, label: label), "alias \(quoted(label)): \(quoted(name))"))
    }
    if let value = try checked(request.brazeId, "braze_id") {
      found.append((.brazeID(value), "braze_id \(quoted(value))"))
    }
    if let value = try checked(request.email, "email") {
      found.append((.email(value), "email \(quoted(value))"))
    }
    if let value = try checked(request.phone, "phone") {
      found.append((.phone(value), "phone \(quoted(value))"))
    }
    guard found.count == 1, let only = found.first else {
      throw invalid(
        "invalid_external_id",
        "exactly one identifier is needed (external_id, alias_name with alias_label, braze_id, email or phone), and there are \(found.count)"
      )
    }
    (source, text) = only
    profile = GetProfileRequest(
      workspace: workspace,
      externalId: request.externalId,
      aliasName: request.aliasName,
      aliasLabel: request.aliasLabel,
      brazeId: request.brazeId,
      email: request.email,
      phone: request.phone
    )
  }
}
