// The payload's JSON: scanning, and the compact form that equal payloads share.
import SyncModel

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let text = UnsafeRawBufferPointer(start: start, count: count)
  var scanner = JSONScanner()
  guard let object = try? scanner.object(in: text) else { return 0 }
  var compact = ByteSink(capacity: count)
  JSONText.appendCompact(text, into: &compact)
  precondition(compact.count <= count, "the compact text is the longer one")

  var compactScanner = JSONScanner()
  guard let again = try? compactScanner.object(in: compact.bytes) else {
    preconditionFailure("the compact text cannot be read")
  }
  precondition(again.count == object.count, "members were lost")
  for index in 0..<object.count {
    let (before, after) = (object[index], again[index])
    precondition(before.key.elementsEqual(after.key), "a key changed")
    precondition(before.kind == after.kind, "a value's kind changed")
    if before.isCompact { precondition(before.value.elementsEqual(after.value), "not compact") }
  }
  var twice = ByteSink(capacity: count)
  JSONText.appendCompact(compact.bytes, into: &twice)
  precondition(twice.bytes.elementsEqual(compact.bytes), "compact text becomes another")
  return 0
}
