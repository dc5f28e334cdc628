// Instants as warehouses and payloads write them.
import SyncModel

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTimestamp(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let text = UnsafeRawBufferPointer(start: start, count: count)
  _ = PayloadTime.parse(text)
  guard let instant = Timestamp(text: text) else { return 0 }
  guard let again = Timestamp(text: instant.microsecondTextRoundedUp) else {
    preconditionFailure("what was written cannot be read")
  }
  let late = again.nanoseconds.subtractingReportingOverflow(instant.nanoseconds)
  precondition(!late.overflow && (0..<1000).contains(late.partialValue), "another instant")
  return 0
}
