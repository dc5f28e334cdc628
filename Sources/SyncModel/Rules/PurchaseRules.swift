/// One purchase, as the rules read it from a PAYLOAD.
///
/// Safety: the views are valid until the next use of the scanner and of the sink they were made with.
public struct CheckedPurchase {
  public var productID: UnsafeRawBufferPointer
  public var currency: CurrencyCode
  /// Of one piece; may be negative (R120).
  public var price: ExactDecimal
  /// 1 to 100 (R118).
  public var quantity: Int64
  /// nil when the payload gives none: the row's UPDATED_AT is its time (R37).
  public var time: Timestamp?
  /// The text of a JSON object; nil without properties.
  public var properties: JSONMember?

  public static let maximumQuantity: Int64 = 100
  /// R122.
  public static let maximumProductID = 255

  /// R36 to R38, R118 to R122.
  ///
  /// - Parameter text: takes the product's id, where escapes had to be undone. It must be empty.
  public init(_ payload: JSONObject, text: inout ByteSink) throws(RowIssue) {
    productID = try PayloadField.requiredText("product_id", of: "a purchase", payload, text: &text)
    // Characters, as far as that is the same for all: code points.
    let length = productID.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    guard length <= Self.maximumProductID else {
      throw .fieldInvalid("product_id", "must be at most \(Self.maximumProductID) characters")
    }
    currency = try Self.currency(payload)
    price = try Self.price(payload)
    quantity = try Self.quantity(payload)
    time = try PayloadField.time(payload)
    properties = try PayloadField.properties(payload)
  }

  /// What the purchase adds to the revenue; nil when that is beyond any number.
  public var revenue: ExactDecimal? { price.multiplied(by: quantity) }

  private static func currency(_ payload: JSONObject) throws(RowIssue) -> CurrencyCode {
    guard let member = payload.first("currency"), member.kind != .null else {
      throw .fieldRequired("currency", of: "a purchase")
    }
    guard let letters = member.plainString, let currency = CurrencyCode(letters) else {
      throw .currencyInvalid
    }
    return currency
  }

  private static func price(_ payload: JSONObject) throws(RowIssue) -> ExactDecimal {
    guard let member = payload.first("price"), member.kind != .null else {
      throw .fieldRequired("price", of: "a purchase")
    }
    guard member.kind == .number else {
      throw .fieldInvalid("price", "must be a number, but it is \(member.kind.article)")
    }
    guard let price = ExactDecimal(member.value) else {
      throw .fieldInvalid(
        "price",
        "must have at most \(ExactDecimal.maximumWholeDigits) digits before the point and "
          + "\(ExactDecimal.maximumScale) behind it"
      )
    }
    return price
  }

  private static func quantity(_ payload: JSONObject) throws(RowIssue) -> Int64 {
    guard let member = payload.first("quantity"), member.kind != .null else { return 1 }
    guard member.kind == .number, let value = ExactDecimal(member.value), value.scale == 0,
      (1...Int128(maximumQuantity)).contains(value.coefficient)
    else { throw .quantityInvalid }
    return Int64(value.coefficient)
  }
}
