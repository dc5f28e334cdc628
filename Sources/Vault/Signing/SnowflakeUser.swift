/// Whom Snowflake's tokens are for: an account and a user of it, as Snowflake spells both.
struct SnowflakeUser: Sendable, Equatable {
  var account: String
  var name: String

  init(account: String, name: String) {
    self.account = account
    self.name = name
  }

  /// - Parameters:
  ///   - identifier: the account as its URL has it, with or without region and cloud.
  ///   - login: the user's LOGIN_NAME, in any case.
  ///
  /// As Snowflake's own clients derive it: what is before the first hyphen of a `.global` name, else
  /// before the first period; upper case. A period within a token's account makes it invalid.
  init?(identifier: String, login: String) {
    let separator: Character = identifier.lowercased().contains(".global") ? "-" : "."
    let account = identifier.prefix { $0 != separator }.uppercased()
    let isGood =
      1...255 ~= account.utf8.count
      && account.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
    guard isGood, !login.isEmpty else { return nil }
    self.account = account
    name = login.uppercased()
  }
}
