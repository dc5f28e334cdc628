// The values of metadata whose names end in `-bin`.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBase64(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = UnsafeBufferPointer(start: start, count: count)
  check(Array(input))
  guard let value = MetadataBase64.decode(input) else { return 0 }
  precondition(value.count <= count / 4 * 3 + 2, "more bytes than the text can hold")
  check(value)
  return 0
}

private func check(_ value: [UInt8]) {
  var written: [UInt8] = []
  MetadataBase64.encode(value, into: &written)
  precondition(MetadataBase64.decode(written) == value, "the value changed on its way")
  while written.count % 4 != 0 { written.append(UInt8(ascii: "=")) }
  precondition(MetadataBase64.decode(written) == value, "padding changes the value")
}
