import SyncModel
import Testing

/// A row of text values for the rules; nil is NULL.
struct RuleRow {
  var externalID: String?
  var aliasName: String?
  var aliasLabel: String?
  var brazeID: String?
  var email: String?
  var phone: String?

  /// What the rules make of it, as text.
  func identify(_ data: DataType = .attributes) -> String {
    let values = [externalID, aliasName, aliasLabel, brazeID, email, phone].map {
      $0.map { Array($0.utf8) }
    }
    return Self.identify(values, data)
  }

  static func identify(_ values: [[UInt8]?], _ data: DataType = .attributes) -> String {
    var builder = RowBatchBuilder()
    func lend(_ index: Int, _ row: SourceRow) {
      guard index < values.count else { return builder.append(row) }
      var row = row
      guard let value = values[index] else { return lend(index + 1, row) }
      value.withUnsafeBytes { bytes in
        switch index {
        case 0: row.externalID = bytes
        case 1: row.aliasName = bytes
        case 2: row.aliasLabel = bytes
        case 3: row.brazeID = bytes
        case 4: row.email = bytes
        default: row.phone = bytes
        }
        lend(index + 1, row)
      }
    }
    lend(0, SourceRow())
    var result = ""
    builder.take().forEachRow { _, row in
      do throws(RowIssue) {
        result = describe(try IdentifiedRow(row, data: data))
      } catch {
        result = error.code
      }
    }
    return result
  }

  private static func describe(_ row: IdentifiedRow) -> String {
    func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }
    var parts: [String]
    switch row.identity {
    case .externalID(let id): parts = ["external_id:" + text(id)]
    case .alias(let name, let label): parts = ["alias:" + text(label) + ":" + text(name)]
    case .brazeID(let id): parts = ["braze_id:" + text(id)]
    case .email(let email): parts = ["email:" + text(email)]
    case .phone(let phone): parts = ["phone:\(phone)"]
    }
    if let email = row.email { parts.append("+email:" + text(email)) }
    if let phone = row.phone { parts.append("+phone:\(phone)") }
    return parts.joined(separator: " ")
  }
}

@Suite("Identifier rules")
struct IdentifierRulesTests {
  @Test("each of the five identifiers names a user")
  func five() {
    #expect(RuleRow(externalID: "42").identify() == "external_id:42")
    #expect(RuleRow(aliasName: "n", aliasLabel: "l").identify() == "alias:l:n")
    #expect(RuleRow(brazeID: "b").identify() == "braze_id:b")
    #expect(RuleRow(email: "A@x.org").identify() == "email:A@x.org")
    #expect(RuleRow(phone: "+1 415 555 0100").identify() == "phone:+14155550100")
  }

  @Test("no identifier, NULL or empty, is an error that names the five (R51)")
  func none() {
    #expect(RuleRow().identify() == "identifier_missing")
    let blank = RuleRow(
      externalID: "",
      aliasName: "",
      aliasLabel: "",
      brazeID: "",
      email: "",
      phone: ""
    )
    #expect(blank.identify() == "identifier_missing")
    for data in DataType.allCases {
      #expect(RuleRow(externalID: "").identify(data) == "identifier_missing")
    }
    do throws(RowIssue) {
      _ = try IdentifiedRow(SourceRow(), data: .events)
      Issue.record("a row without identifier was accepted")
    } catch {
      for name in ["EXTERNAL_ID", "ALIAS_NAME", "ALIAS_LABEL", "BRAZE_ID", "EMAIL", "PHONE"] {
        #expect(error.message.contains(name))
      }
    }
  }

  @Test("blank identifiers do not count as filled")
  func blanks() {
    #expect(RuleRow(externalID: "", email: "a@x.org").identify() == "email:a@x.org")
    #expect(RuleRow(externalID: "1", brazeID: "").identify() == "external_id:1")
    #expect(RuleRow(externalID: "1", aliasName: "", aliasLabel: "").identify() == "external_id:1")
  }

  @Test("half an alias is an error, whatever else is filled (R42)")
  func halfAlias() {
    #expect(RuleRow(aliasName: "n").identify() == "alias_incomplete")
    #expect(RuleRow(aliasLabel: "l").identify() == "alias_incomplete")
    #expect(RuleRow(aliasName: "n", aliasLabel: "").identify() == "alias_incomplete")
    #expect(RuleRow(externalID: "1", aliasName: "n").identify() == "alias_incomplete")
  }

  @Test("two primary identifiers are an error (R49)")
  func conflicts() {
    let alias = RuleRow(aliasName: "n", aliasLabel: "l")
    #expect(RuleRow(externalID: "1", brazeID: "b").identify() == "identifiers_conflict")
    var both = alias
    both.externalID = "1"
    #expect(both.identify() == "identifiers_conflict")
    both = alias
    both.brazeID = "b"
    #expect(both.identify() == "identifiers_conflict")
  }

  @Test("email goes before phone (R46)")
  func emailBeforePhone() {
    #expect(
      RuleRow(email: "a@x.org", phone: "4155550100").identify()
        == "email:a@x.org +phone:+14155550100"
    )
  }

  @Test("beside a primary identifier, email and phone are attributes (R50, decision 10)")
  func secondary() {
    #expect(
      RuleRow(externalID: "1", email: "a@x.org", phone: "4155550100").identify()
        == "external_id:1 +email:a@x.org +phone:+14155550100"
    )
    #expect(
      RuleRow(brazeID: "b", email: "a@x.org").identify() == "braze_id:b +email:a@x.org"
    )
    #expect(RuleRow(externalID: "1", email: "nonsense").identify() == "invalid_email")
    #expect(RuleRow(externalID: "1", phone: "12").identify() == "invalid_phone")
  }

  @Test("an external id has at most 987 bytes, not characters (R52)")
  func length() {
    let longest = String(repeating: "x", count: 987)
    #expect(RuleRow(externalID: longest).identify() == "external_id:" + longest)
    #expect(RuleRow(externalID: longest + "x").identify() == "external_id_too_long")
    #expect(
      RuleRow(externalID: String(repeating: "é", count: 494)).identify() == "external_id_too_long"
    )
    // Drivers cut at 1,024 bytes, maybe through a character: that is no UTF-8 error.
    #expect(
      RuleRow(externalID: "x" + String(repeating: "é", count: 4000)).identify()
        == "external_id_too_long"
    )
    #expect(
      RuleRow(aliasName: longest + "x", aliasLabel: "l").identify() == "identifier_too_long"
    )
  }

  @Test("bytes that are no UTF-8, and NUL, are errors in every identifier (decision 13)")
  func bytes() {
    for column in 0..<6 {
      for (bad, code) in [([0x61, 0xFF], "invalid_utf8"), ([0x61, 0, 0x62], "nul_character")] {
        var values: [[UInt8]?] = [nil, nil, nil, nil, nil, nil]
        if column == 1 { values[2] = [0x61] }
        if column == 2 { values[1] = [0x61] }
        values[column] = bad.map { UInt8($0) }
        #expect(RuleRow.identify(values) == code, "column \(column)")
      }
    }
  }

  @Test("users are not deleted by email or phone (R60)")
  func deletes() {
    #expect(RuleRow(email: "a@x.org").identify(.deletes) == "delete_needs_primary_identifier")
    #expect(RuleRow(phone: "4155550100").identify(.deletes) == "delete_needs_primary_identifier")
    #expect(
      RuleRow(externalID: "1", email: "a@x.org").identify(.deletes)
        == "external_id:1 +email:a@x.org"
    )
    #expect(RuleRow(aliasName: "n", aliasLabel: "l").identify(.deletes) == "alias:l:n")
    #expect(RuleRow(brazeID: "b").identify(.deletes) == "braze_id:b")
  }

  @Test(
    "phone numbers lose all but digits and the leading +; ten digits are American (R56, R57)",
    arguments: [
      ("4155550100", "+14155550100"), ("(415) 555-0100", "+14155550100"),
      ("415.555.0100", "+14155550100"), ("+14155550100", "+14155550100"),
      (" +1 (415) 555-0100 ", "+14155550100"), ("+44 20 7183 8750", "+442071838750"),
      ("442071838750", "+442071838750"), ("14155550100", "+14155550100"),
      ("+1234567", "+1234567"), ("+123456789012345", "+123456789012345"),
      ("123456789012345", "+123456789012345"), ("1+4155550100", "+14155550100"),
      ("+0123456789", nil), ("01234567890", nil), ("+123456", nil), ("555-0100", nil),
      ("+1234567890123456", nil), ("1234567890123456", nil), ("none", nil), ("+", nil),
      ("123456789", nil),
    ] as [(String, String?)]
  )
  func phones(_ text: String, _ expected: String?) {
    #expect(RuleRow(phone: text).identify() == expected.map { "phone:\($0)" } ?? "invalid_phone")
  }

  @Test(
    "an email is something, one @, and a domain of two labels (R65)",
    arguments: [
      ("a@x.org", true), ("first.last+tag@sub.example.co.uk", true), ("A@X.ORG", true),
      ("o'brien@x.org", true), ("ü@exämple.org", true), ("a@x", false), ("@x.org", false),
      ("a@", false), ("a", false), ("a@@x.org", false), ("a@x@y.org", false), ("a b@x.org", false),
      ("a@x .org", false), ("a@.org", false), ("a@x.", false), ("a@x..org", false),
      (".a@x.org", false), ("a.@x.org", false), ("a@-x.org", false), ("a@x-.org", false),
      ("a@x_y.org", false), ("<a@x.org>", false), ("a@x.org,b@x.org", false),
    ]
  )
  func emails(_ text: String, _ isValid: Bool) {
    #expect(
      RuleRow(email: text).identify() == (isValid ? "email:" + text : "invalid_email")
    )
  }

  @Test("an email has at most 254 bytes, 64 of them before the @")
  func emailLengths() {
    let domain = (0..<3).map { _ in String(repeating: "d", count: 60) }.joined(separator: ".")
    let local = String(repeating: "l", count: 64)
    #expect(RuleRow(email: "\(local)@\(domain).org").identify() != "invalid_email")
    #expect(RuleRow(email: "l\(local)@x.org").identify() == "invalid_email")
    #expect(RuleRow(email: "\(local)@\(domain).example").identify() == "invalid_email")
  }

  @Test("a row's identifiers are shown with bytes that are no text as \\xNN")
  func description() {
    var row = SourceRow()
    let bytes: [UInt8] = [0x61, 0xFF, 0x0A, 0xC3, 0xA9, 0xC2, 0x9B]
    let email = Array("a@x.org".utf8)
    bytes.withUnsafeBytes { bytes in
      email.withUnsafeBytes { email in
        row.externalID = bytes
        row.email = email
        #expect(
          RowIdentifierText.describe(row) == "external_id=a\\xFF\\x0Aé\\xC2\\x9B, email=a@x.org"
        )
      }
    }
  }
}
