/// Standard attributes: R61 to R74.
extension AttributeChanges {
  mutating func readStandard(
    _ attribute: StandardAttribute,
    _ member: JSONMember,
    _ warnings: inout RowWarnings
  ) throws(RowIssue) {
    if member.kind == .null { return try remove(attribute) }
    switch attribute {
    case .firstName, .lastName, .homeCity: readText(attribute, member, &warnings)
    case .email: try readEmail(member)
    case .phone: try readPhone(member)
    case .dateOfBirth:
      read(attribute, member, "it must be a date as YYYY-MM-DD", &warnings) {
        Self.isDay($0) ? [UInt8]($0) : nil
      }
    case .gender:
      read(attribute, member, "it must be M, F, O, N, P or null", &warnings) {
        $0.count == 1 && "MFONP".utf8.contains($0[0]) ? [UInt8]($0) : nil
      }
    case .country: readCountry(member, &warnings)
    case .language:
      read(attribute, member, "it must be a code of ISO 639-1, as in en", &warnings) {
        LanguageCode.normalized($0)
      }
    case .timeZone:
      read(attribute, member, "it must be a time zone, as in Europe/Paris", &warnings) {
        TimeZoneCatalog.contains($0) ? [UInt8]($0) : nil
      }
    case .imageURL:
      let limit = policy.limits.imageURLLength
      read(attribute, member, "it must be a string of at most \(limit) characters", &warnings) {
        $0.isLonger(than: limit) ? nil : [UInt8]($0)
      }
    case .currentLocation: try readLocation(member)
    case .emailSubscribe: try readSubscription(attribute, member, .shared)
    case .pushSubscribe: try readSubscription(attribute, member, .standard)
    case .subscriptionGroups: try readGroups(member)
    case .emailOpenTrackingDisabled, .emailClickTrackingDisabled:
      readBoolean(attribute, member, &warnings)
    case .markedEmailAsSpamAt, .dateOfFirstSession, .dateOfLastSession:
      readTime(attribute, member, &warnings)
    case .facebook, .twitter: readNetwork(attribute, member, &warnings)
    case .pushTokens: try readPushTokens(member)
    case .pushTokenImport:
      guard let flag = Self.flag(member) else { throw .pushTokenImportInvalid }
      importsPushToken = flag
    case .bio:
      warnings.add(.standardNotValid(attribute.name.bytes, "it does not exist any more"))
    case .emailSubscriptionInfo: throw .emailSubscriptionInfoInvalid
    case .mergeObjects:
      guard Self.flag(member) != nil else { throw .mergeObjectsInvalid }
    case .updateExistingOnly:
      guard let flag = Self.flag(member) else { throw .updateExistingOnlyInvalid }
      updatesExistingOnly = flag
    }
  }

  /// R71.
  private mutating func remove(_ attribute: StandardAttribute) throws(RowIssue) {
    switch attribute {
    case .subscriptionGroups: throw .subscriptionGroupsNotArray
    case .pushTokens: throw .pushTokensNotArray
    case .emailSubscriptionInfo: throw .emailSubscriptionInfoInvalid
    case .mergeObjects, .updateExistingOnly, .pushTokenImport, .bio: return
    case .email: push(attribute.name.bytes, nil, .email)
    case .phone: push(attribute.name.bytes, nil, .phone)
    case .emailSubscribe:
      hasShared = true
      push(attribute.name.bytes, nil, .shared)
    default: push(attribute.name.bytes, nil, .standard)
    }
  }

  // MARK: Text

  /// Reads a string that `normalize` accepts, as what it answers.
  private mutating func read(
    _ attribute: StandardAttribute,
    _ member: JSONMember,
    _ demand: @autoclosure () -> String,
    _ warnings: inout RowWarnings,
    _ normalize: (UnsafeRawBufferPointer) -> [UInt8]?
  ) {
    text.removeAll()
    guard member.kind == .string,
      let value = normalize(PayloadField.string(member, text: &text))
    else { return warnings.add(.standardNotValid(attribute.name.bytes, demand())) }
    let start = made.count
    value.withUnsafeBytes { JSONText.appendString($0, into: &made) }
    push(made: start, attribute.name.bytes, .standard)
  }

  private mutating func readText(
    _ attribute: StandardAttribute,
    _ member: JSONMember,
    _ warnings: inout RowWarnings
  ) {
    let name = attribute.name.bytes
    let limit = policy.limits.stringLength
    if member.kind == .number, member.value.count <= limit {
      let start = made.count
      JSONText.appendString(member.value, into: &made)
      return push(made: start, name, .standard)
    }
    guard member.kind == .string else {
      return warnings.add(.standardNotValid(name, "it must be a string"))
    }
    text.removeAll()
    let characters = PayloadField.string(member, text: &text)
    guard !characters.isLonger(than: limit) else {
      return warnings.add(.stringTooLong(name, limit))
    }
    if member.isCompact { return push(name, member.value, .standard) }
    let start = made.count
    JSONText.appendString(characters, into: &made)
    push(made: start, name, .standard)
  }

  /// R65.
  private mutating func readEmail(_ member: JSONMember) throws(RowIssue) {
    guard member.kind == .string else { throw .invalidEmail }
    text.removeAll()
    let address = PayloadField.string(member, text: &text)
    guard EmailAddress.isValid(address) else { throw .invalidEmail }
    let start = made.count
    JSONText.appendString(address, into: &made)
    push(made: start, StandardAttribute.email.name.bytes, .email)
  }

  /// R56, R57.
  private mutating func readPhone(_ member: JSONMember) throws(RowIssue) {
    guard member.kind == .string else { throw .invalidPhone }
    text.removeAll()
    guard let phone = PhoneNumber(PayloadField.string(member, text: &text)) else {
      throw .invalidPhone
    }
    let start = made.count
    made.append(UInt8(ascii: "\""))
    phone.withBytes { made.append($0) }
    made.append(UInt8(ascii: "\""))
    push(made: start, StandardAttribute.phone.name.bytes, .phone)
  }

  /// R63: what is no country removes the one that was there.
  private mutating func readCountry(_ member: JSONMember, _ warnings: inout RowWarnings) {
    let name = StandardAttribute.country.name.bytes
    text.removeAll()
    guard member.kind == .string,
      let country = CountryCode(PayloadField.string(member, text: &text))
    else {
      warnings.add(.countryUnknown)
      return push(name, nil, .standard)
    }
    let start = made.count
    country.letters.withUnsafeBytes { JSONText.appendString($0, into: &made) }
    push(made: start, name, .standard)
  }

  /// R72.
  private static func isDay(_ text: UnsafeRawBufferPointer) -> Bool {
    text.count == 10 && text[4] == UInt8(ascii: "-") && PayloadTime.civil(text) != nil
  }

  // MARK: Other kinds

  private mutating func readBoolean(
    _ attribute: StandardAttribute,
    _ member: JSONMember,
    _ warnings: inout RowWarnings
  ) {
    guard let flag = Coercion.boolean(JSONItem(text: member.value, kind: member.kind)) else {
      return warnings.add(.standardNotValid(attribute.name.bytes, "it must be true or false"))
    }
    let start = made.count
    made.append(flag ? "true" : "false")
    push(made: start, attribute.name.bytes, .standard)
  }

  private mutating func readTime(
    _ attribute: StandardAttribute,
    _ member: JSONMember,
    _ warnings: inout RowWarnings
  ) {
    text.removeAll()
    guard member.kind == .string,
      let time = PayloadTime.civil(PayloadField.string(member, text: &text)),
      PayloadTime.attributeYears.contains(time.year)
    else {
      return warnings.add(
        .standardNotValid(attribute.name.bytes, "it must be a date, as in 2024-05-28T10:00:00Z")
      )
    }
    let start = made.count
    Coercion.append(time, into: &made)
    push(made: start, attribute.name.bytes, .standard)
  }

  private mutating func readNetwork(
    _ attribute: StandardAttribute,
    _ member: JSONMember,
    _ warnings: inout RowWarnings
  ) {
    let name = attribute.name.bytes
    guard member.kind == .object else {
      return warnings.add(.standardNotValid(name, "it must be an object"))
    }
    let start = made.count
    do throws(NestedProblem) {
      try NestedValue(limits: policy.limits).appendObject(member.value, into: &made)
      guard made.count - start <= policy.limits.valueBytes else {
        made.truncate(to: start)
        return warnings.add(.valueTooLarge(name, policy.limits.valueBytes))
      }
      push(made: start, name, .standard)
    } catch {
      made.truncate(to: start)
      warnings.add(error.issue(name, policy.limits))
    }
  }

  /// R68.
  private mutating func readLocation(_ member: JSONMember) throws(RowIssue) {
    guard member.kind == .object else { throw .locationInvalid }
    var (longitude, latitude): (JSONItem?, JSONItem?)
    var items = JSONItems(member.value)
    while let (key, value) = items.member() {
      if key.sameBytes(as: "longitude") { longitude = value }
      if key.sameBytes(as: "latitude") { latitude = value }
    }
    guard let longitude, let latitude, Self.isDegrees(longitude, atMost: 180),
      Self.isDegrees(latitude, atMost: 90)
    else { throw .locationInvalid }
    let start = made.count
    made.append("{\"longitude\":")
    made.append(longitude.text)
    made.append(",\"latitude\":")
    made.append(latitude.text)
    made.append("}")
    push(made: start, StandardAttribute.currentLocation.name.bytes, .standard)
  }

  private static func isDegrees(_ item: JSONItem, atMost limit: Double) -> Bool {
    guard item.kind == .number, item.text.count <= 64,
      let value = Double(String(decoding: item.text, as: UTF8.self))
    else { return false }
    return abs(value) <= limit
  }
}
