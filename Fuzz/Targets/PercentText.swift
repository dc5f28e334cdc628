// The coding of `grpc-message`.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPercentCoding(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let text = PercentCoding.decode(UnsafeBufferPointer(start: start, count: count))
  var written: [UInt8] = []
  PercentCoding.encode(text, into: &written)
  precondition(written.allSatisfy { (0x20...0x7E).contains($0) }, "no header may hold this")
  let again = written.withUnsafeBufferPointer { PercentCoding.decode($0) }
  precondition(Array(again.utf8) == Array(text.utf8), "the text changed on its way")
  return 0
}
