/// Subscription states, subscription groups and push tokens: R66, R67, R69, R70, R73.
extension AttributeChanges {
  mutating func readSubscription(
    _ attribute: StandardAttribute,
    _ member: JSONMember,
    _ role: AttributeRole
  ) throws(RowIssue) {
    guard let state = member.plainString,
      state.sameBytes(as: "opted_in") || state.sameBytes(as: "subscribed")
        || state.sameBytes(as: "unsubscribed")
    else { throw .subscriptionStateInvalid(attribute.name) }
    if role == .shared { hasShared = true }
    push(attribute.name.bytes, member.value, role)
  }

  mutating func readGroups(_ member: JSONMember) throws(RowIssue) {
    guard member.kind == .array else { throw .subscriptionGroupsNotArray }
    var items = JSONItems(member.value)
    var count = 0
    while let item = items.element() {
      count += 1
      guard item.kind == .object, count <= policy.limits.arrayLength else {
        throw .subscriptionGroupItemInvalid
      }
      try readGroup(item.text)
    }
  }

  private mutating func readGroup(_ object: UnsafeRawBufferPointer) throws(RowIssue) {
    var (group, state): (JSONItem?, JSONItem?)
    var items = JSONItems(object)
    while let (key, value) = items.member() {
      if key.sameBytes(as: "subscription_group_id") { group = value }
      if key.sameBytes(as: "subscription_state") { state = value }
    }
    guard let group, let state else { throw .subscriptionGroupItemInvalid }
    guard group.kind == .string, Self.isUUID(group.inner) else {
      throw .subscriptionGroupIDInvalid
    }
    guard state.kind == .string,
      state.inner.sameBytes(as: "subscribed") || state.inner.sameBytes(as: "unsubscribed")
    else { throw .subscriptionGroupStateInvalid }
    hasShared = true
    let nameAt = made.count
    made.append("subscription_groups")
    made.append(ListedAttribute.separator)
    for byte in group.inner { made.append(byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte) }
    let valueAt = made.count
    made.append(state.text)
    pushItem(nameAt: nameAt, valueAt: valueAt, .shared)
  }

  /// RFC 9562, 4: 8-4-4-4-12 hexadecimal digits.
  private static func isUUID(_ text: UnsafeRawBufferPointer) -> Bool {
    guard text.count == 36 else { return false }
    for index in 0..<36 {
      switch index {
      case 8, 13, 18, 23:
        guard text[index] == UInt8(ascii: "-") else { return false }
      default:
        let byte = text[index]
        let isDigit = byte &- UInt8(ascii: "0") <= 9 || (byte | 0x20) &- UInt8(ascii: "a") < 6
        guard isDigit else { return false }
      }
    }
    return true
  }

  // MARK: Push tokens

  mutating func readPushTokens(_ member: JSONMember) throws(RowIssue) {
    guard member.kind == .array else { throw .pushTokensNotArray }
    var items = JSONItems(member.value)
    var count = 0
    while let item = items.element() {
      count += 1
      guard item.kind == .object, count <= policy.limits.arrayLength else {
        throw .pushTokensNotArray
      }
      try readPushToken(item.text)
    }
  }

  private mutating func readPushToken(_ object: UnsafeRawBufferPointer) throws(RowIssue) {
    var (app, token, device): (JSONItem?, JSONItem?, JSONItem?)
    var items = JSONItems(object)
    while let (key, value) = items.member() {
      if key.sameBytes(as: "app_id") { app = value }
      if key.sameBytes(as: "token") { token = value }
      if key.sameBytes(as: "device_id"), value.kind != .null { device = value }
    }
    guard let app, app.kind == .string, (1...255).contains(app.inner.count) else {
      throw .pushTokenAppInvalid
    }
    guard let token, token.kind == .string, (1...4096).contains(token.inner.count) else {
      throw .pushTokenStringInvalid
    }
    let nameAt = made.count
    made.append("push_tokens")
    made.append(ListedAttribute.separator)
    JSONText.unescape(app.inner, into: &made)
    made.append(ListedAttribute.separator)
    JSONText.unescape(token.inner, into: &made)
    let valueAt = made.count
    if let device {
      guard device.kind == .string else { throw .deviceIDInvalid }
      text.removeAll()
      JSONText.unescape(device.inner, into: &text)
      guard (8...255).contains(text.count) else { throw .deviceIDInvalid }
      JSONText.appendString(text.bytes, into: &made)
    } else {
      made.append("\"\"")
    }
    hasPushToken = true
    pushItem(nameAt: nameAt, valueAt: valueAt, .standard)
  }
}
