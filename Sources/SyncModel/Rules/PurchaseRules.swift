/// One purchase, as the rules read it from a PAYLOAD.
///
/// Safety: the views are valid until the next use of the scanner and of the sink they were made with.
public struct CheckedPurchase {
  public var productID: UnsafeRawBufferPointer
  public var currency: CurrencyCode
  /// Of one piece; may be negative (R120).
  public var price: ExactDecimal
  /// From 1 (R118).
  public var quantity: Int64
  /// nil when the payload gives none: the row's UPDATED_AT is its time (R37).
  public var time: Timestamp?
  /// The text of a JSON object; nil without properties.
  public var properties: JSONMember?

  /// R36 to R38, R118 to R122.
  ///
  /// - Parameter text: takes the product's id, where escapes had to be undone. It must be empty.
  public init(
    _ payload: JSONObject,
    limits: PayloadLimits = PayloadLimits(),
    text: inout ByteSink
  ) throws(RowIssue) {
    productID = try PayloadField.requiredText("product_id", of: "a purchase", payload, text: &text)
    guard !productID.isLonger(than: limits.stringLength) else {
      throw .fieldInvalid("product_id", "must be at most \(limits.stringLength) characters")
    }
    currency = try Self.currency(payload)
    price = try Self.price(payload)
    quantity = try Self.quantity(payload, limits.quantity)
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

  private static func quantity(
    _ payload: JSONObject,
    _ limit: Int
  ) throws(RowIssue) -> Int64 {
    guard let member = payload.first("quantity"), member.kind != .null else { return 1 }
    guard member.kind == .number, let value = ExactDecimal(member.value), value.scale == 0,
      value.coefficient >= 1, value.coefficient <= Int128(limit)
    else { throw .quantityInvalid(limit) }
    return Int64(value.coefficient)
  }
}
