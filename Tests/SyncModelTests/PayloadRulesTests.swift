import Foundation
import SyncModel
import Testing

/// What the rules make of a payload: the issue's code, or a description by `body`.
private func check(
  _ payload: [UInt8]?,
  oversized: UInt64? = nil,
  _ body: (JSONObject) throws(RowIssue) -> String = { (object) throws(RowIssue) in
    "\(object.count) keys"
  }
) -> (code: String, message: String) {
  func run(_ bytes: UnsafeRawBufferPointer?) -> (String, String) {
    var row = SourceRow()
    row.payload = bytes
    row.oversizedPayload = oversized
    var scanner = JSONScanner()
    do throws(RowIssue) {
      return (try body(try PayloadRules.object(of: row, scanner: &scanner)), "")
    } catch {
      return (error.code, error.message)
    }
  }
  guard let payload else { return run(nil) }
  return payload.withUnsafeBytes { run($0) }
}

private func check(_ payload: String) -> String { check(Array(payload.utf8)).code }

@Suite("Payload rules")
struct PayloadRulesTests {
  @Test(
    "a payload that is no JSON object is a row error (R29)",
    arguments: ["", "[]", "\"a\"", "1", "null", "true", "{", "{\"a\":1,}", "not json", "{'a':1}"]
  )
  func notAnObject(_ payload: String) {
    #expect(check(payload) == "payload_not_object")
  }

  @Test("NULL is no JSON object either, and the message says what it was (R29)")
  func null() {
    #expect(check(nil).code == "payload_not_object")
    #expect(check(nil).message.contains("NULL"))
    #expect(check(Array("[1]".utf8)).message.contains("an array"))
    #expect(check(Array("{\"a\":tru}".utf8)).message.contains("byte 5"))
    // Never the payload itself.
    #expect(!check(Array("{\"secret\":x}".utf8)).message.contains("secret"))
  }

  @Test("more than 1 MB is a row error with Braze's words; exactly 1 MB is not (R30, R31)")
  func size() {
    func payload(_ size: Int) -> [UInt8] {
      Array("{\"a\":\"".utf8) + [UInt8](repeating: 0x78, count: size - 8) + Array("\"}".utf8)
    }
    #expect(check(payload(1_048_576)).code == "1 keys")
    let over = check(payload(1_048_577))
    #expect(over.code == "payload_too_large")
    #expect(over.message == "Payload was greater than 1MB")
    // Cut on the way here: only its size tells.
    #expect(check(Array("{\"a\":\"xx".utf8), oversized: 2_000_000).code == "payload_too_large")
  }

  @Test("250 top-level keys are allowed, 251 are not; an array is one of them (R32, R33)")
  func keys() {
    func payload(_ count: Int) -> String {
      "{" + (0..<count).map { "\"k\($0)\":[1,2,3]" }.joined(separator: ",") + "}"
    }
    #expect(check(payload(250)) == "250 keys")
    #expect(check(payload(251)) == "too_many_attributes")
    #expect(check("{\"o\":" + payload(300) + "}") == "1 keys")
  }

  @Test(
    "an identifier in the payload is a row error, and has no effect as null (R40, R71, decision 10)",
    arguments: ["external_id", "user_alias", "braze_id"]
  )
  func identifier(_ key: String) {
    #expect(check("{\"a\":1,\"\(key)\":\"x\"}") == "identifier_in_payload")
    #expect(check("{\"\(key)\":null}") == "1 keys")
    let escaped = key.replacingOccurrences(of: "a", with: "\\u0061")
    #expect(check("{\"\(escaped)\":1}") == "identifier_in_payload")
    #expect(check("{\"\(key.uppercased())\":1,\"nested\":{\"\(key)\":1}}") == "2 keys")
  }

  @Test("invalid UTF-8 and NUL have codes of their own (decision 13)")
  func bytes() {
    #expect(
      check(Array("{\"a\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8)).code == "invalid_utf8"
    )
    #expect(check(Array("{\"a\":\"".utf8) + [0] + Array("\"}".utf8)).code == "nul_character")
    #expect(check("{\"a\":\"\\u0000\"}") == "nul_character")
    #expect(check("{\"\\u0000\":1}") == "nul_character")
  }
}

@Suite("Event and purchase rules")
struct EventRulesTests {
  private func event(_ payload: String) -> String {
    check(Array(payload.utf8)) { (object) throws(RowIssue) in
      var text = ByteSink()
      let event = try CheckedEvent(object, text: &text)
      return String(decoding: event.name, as: UTF8.self) + " "
        + (event.time.map { "\($0.nanoseconds)" } ?? "-") + " "
        + (event.properties.map { String(decoding: $0.value, as: UTF8.self) } ?? "-")
    }.code
  }

  private func purchase(_ payload: String) -> String {
    check(Array(payload.utf8)) { (object) throws(RowIssue) in
      var text = ByteSink()
      let purchase = try CheckedPurchase(object, text: &text)
      let currency = purchase.currency.withBytes { String(decoding: $0, as: UTF8.self) }
      return
        "\(String(decoding: purchase.productID, as: UTF8.self)) \(currency) \(purchase.price) \(purchase.quantity)"
    }.code
  }

  @Test("an event needs a name (R34)")
  func name() {
    #expect(event(#"{"name":"click"}"#) == "click - -")
    #expect(event(#"{"name":"\u0063l\"ick"}"#) == "cl\"ick - -")
    for payload in ["{}", #"{"name":null}"#, #"{"name":""}"#, #"{"Name":"x"}"#] {
      #expect(event(payload) == "name_required")
    }
    #expect(event(#"{"name":1}"#) == "name_not_valid")
  }

  @Test("an event's time may be missing (R35); a wrong one is an error")
  func time() {
    #expect(event(#"{"name":"a","time":null}"#) == "a - -")
    #expect(event(#"{"name":"a","time":"1970-01-01T00:00:01Z"}"#) == "a 1000000000 -")
    #expect(event(#"{"name":"a","time":"yesterday"}"#) == "time_not_valid")
    #expect(event(#"{"name":"a","time":1}"#) == "time_not_valid")
  }

  @Test("properties are an object or missing; other names are passed over")
  func properties() {
    #expect(event(#"{"name":"a","properties":{"x":1},"app_id":"i","other":2}"#) == #"a - {"x":1}"#)
    #expect(event(#"{"name":"a","properties":null}"#) == "a - -")
    #expect(event(#"{"name":"a","properties":[1]}"#) == "properties_not_valid")
  }

  @Test("a purchase needs product_id, currency and price (R36)")
  func required() {
    #expect(
      purchase(#"{"product_id":"p","currency":"USD","price":9.99}"#) == "p USD 9.99 1"
    )
    #expect(purchase(#"{"currency":"USD","price":1}"#) == "product_id_required")
    #expect(purchase(#"{"product_id":"p","price":1}"#) == "currency_required")
    #expect(purchase(#"{"product_id":"p","currency":"USD"}"#) == "price_required")
    #expect(purchase(#"{"product_id":"","currency":"USD","price":1}"#) == "product_id_required")
    #expect(purchase(#"{"product_id":7,"currency":"USD","price":1}"#) == "product_id_not_valid")
    #expect(
      purchase(#"{"product_id":"p","currency":"USD","price":"1"}"#) == "price_not_valid"
    )
  }

  @Test("quantity is 1 to 100, and 1 when missing (R118)")
  func quantity() {
    func with(_ quantity: String) -> String {
      purchase(#"{"product_id":"p","currency":"USD","price":1,"quantity":"# + quantity + "}")
    }
    for (text, expected) in [("1", "1"), ("100", "100"), ("3.0", "3"), ("null", "1")] {
      #expect(with(text) == "p USD 1 \(expected)")
    }
    for text in ["0", "-1", "101", "1.5", "\"2\"", "true", "99999999999999999999"] {
      #expect(with(text) == "quantity_not_valid")
    }
  }

  @Test("currency is ISO 4217, lower case too (R121, decision 11)")
  func currency() {
    func with(_ currency: String) -> String {
      purchase(#"{"product_id":"p","price":1,"currency":"# + currency + "}")
    }
    for code in ["USD", "usd", "uSd"] { #expect(with("\"\(code)\"") == "p USD 1 1") }
    for code in ["EUR", "BTC", "ZWL", "AED", "MRU", "XCG"] {
      #expect(with("\"\(code)\"") == "p \(code) 1 1")
    }
    for bad in ["\"XYZ\"", "\"US\"", "\"USDX\"", "\"\"", "1", "\"US \""] {
      #expect(with(bad) == "currency_not_valid")
    }
  }

  @Test("a product id has at most 255 characters (R122); a price may be negative (R120)")
  func limits() {
    let longest = String(repeating: "é", count: 255)
    let tail = #"","currency":"USD","price":-1.50}"#
    #expect(purchase(#"{"product_id":""# + longest + tail) == "\(longest) USD -1.5 1")
    #expect(purchase(#"{"product_id":"x"# + longest + tail) == "product_id_not_valid")
  }
}
