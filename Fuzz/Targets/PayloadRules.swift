// The rules of payloads: whatever a payload asks for, what would be stored is JSON that can be read,
// and an operator works on what another one made.
import SyncModel

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRules(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let text = UnsafeRawBufferPointer(start: start, count: count)
  var scanner = JSONScanner()
  guard let object = try? scanner.object(in: text) else { return 0 }
  var warnings = RowWarnings()
  readAttributes(object, &warnings)
  readEvents(object, &warnings)
  return 0
}

private let stored: [StaticString] = [
  "7", "\"x\"", "true", "[\"a\",1,\"b\"]", "[{\"id\":1},{\"id\":2,\"o\":{\"a\":1}}]",
  "{\"a\":{\"b\":1}}",
]

private func readAttributes(_ object: JSONObject, _ warnings: inout RowWarnings) {
  var policy = PayloadPolicy()
  policy.limits.arrayLength = 5
  policy.limits.valueBytes = 200
  var changes = AttributeChanges(policy: policy)
  guard (try? changes.read(object, warnings: &warnings)) != nil else { return }
  let types = AttributeType.allCases
  var index = 0
  while index < changes.count {
    // The name chooses which type the attribute has already.
    let choice = Int(changes[index].name.first ?? 0) % (types.count + 1)
    let type = choice == types.count ? nil : types[choice]
    if changes[index].role == .custom,
      changes.settle(index, as: type, warnings: &warnings) == .dropped
    {
      continue
    }
    index += 1
  }
  var sink = ByteSink(capacity: 256)
  for change in changes.sorted() {
    guard let value = change.value else { continue }
    if change.operation == .assign { check(value) }
    guard change.operation != .assign else { continue }
    for before in [nil] + stored.map(Optional.some) {
      sink.removeAll()
      let view = before.map {
        UnsafeRawBufferPointer(start: $0.utf8Start, count: $0.utf8CodeUnitCount)
      }
      let result = change.operation.apply(
        change,
        to: view,
        limits: policy.limits,
        warnings: &warnings,
        into: &sink
      )
      guard case .value = result else { continue }
      check(sink.bytes)
      precondition(sink.count <= policy.limits.valueBytes, "past the limit")
      let made = [UInt8](sink.bytes)
      made.withUnsafeBytes { made in
        sink.removeAll()
        _ = change.operation.apply(
          change,
          to: made,
          limits: policy.limits,
          warnings: &warnings,
          into: &sink
        )
      }
    }
  }
}

private func readEvents(_ object: JSONObject, _ warnings: inout RowWarnings) {
  var characters = ByteSink(capacity: 64)
  var properties: JSONMember?
  if let event = try? CheckedEvent(object, text: &characters) { properties = event.properties }
  characters.removeAll()
  if let purchase = try? CheckedPurchase(object, text: &characters) {
    properties = purchase.properties
  }
  guard let properties else { return }
  for data in [DataType.events, .purchases] {
    var sink = ByteSink(capacity: 256)
    let rules = EventProperties(of: data, limits: PayloadLimits())
    if (try? rules.append(properties.value, warnings: &warnings, into: &sink)) != nil {
      check(sink.bytes)
    }
  }
}

/// A value that is stored must be compact JSON.
private func check(_ value: UnsafeRawBufferPointer) {
  var text = ByteSink(capacity: value.count + 8)
  text.append("{\"v\":")
  text.append(value)
  text.append("}")
  var scanner = JSONScanner()
  guard let object = try? scanner.object(in: text.bytes), object.count == 1 else {
    preconditionFailure("what would be stored is no JSON")
  }
  var compact = ByteSink(capacity: value.count)
  JSONText.appendCompact(value, into: &compact)
  precondition(compact.bytes.elementsEqual(value), "what would be stored is not compact")
}
