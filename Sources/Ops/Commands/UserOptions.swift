import ArgumentParser

/// One of the five ways to name a user.
struct UserOptions: ParsableArguments {
  @Option(help: "The user's external id.") var externalId: String?
  @Option(help: "The name of an alias; with --alias-label.") var aliasName: String?
  @Option(help: "The label of an alias; with --alias-name.") var aliasLabel: String?
  @Option(help: "The profile's own id.") var brazeId: String?
  @Option(help: "An email address.") var email: String?
  @Option(help: "A phone number.") var phone: String?

  /// - Parameter what: what is named, for the message: `the profile`.
  func check(_ what: String) throws {
    guard (aliasName == nil) == (aliasLabel == nil) else {
      throw ValidationError("--alias-name and --alias-label go together")
    }
    let given = [externalId, aliasName, brazeId, email, phone].compactMap(\.self)
    guard given.count == 1 else {
      throw ValidationError(
        (given.isEmpty ? "name \(what) by one" : "name \(what) by only one")
          + " of --external-id, --alias-name with --alias-label, --braze-id, --email, --phone"
      )
    }
    guard !given.contains(""), aliasLabel != "" else {
      throw ValidationError("an identifier must not be empty")
    }
  }
}
