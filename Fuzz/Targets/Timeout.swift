// The value of `grpc-timeout`.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTimeout(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let timeout = GRPCTimeout.parse(UnsafeBufferPointer(start: start, count: count)) else {
    return 0
  }
  precondition(timeout >= .zero && timeout <= .seconds(99_999_999 * 3600), "out of range")
  let written = Array(GRPCTimeout.format(timeout).utf8)
  guard let again = written.withUnsafeBufferPointer({ GRPCTimeout.parse($0) }) else {
    preconditionFailure("what was written cannot be read")
  }
  precondition(again >= timeout, "written shorter than it was")
  return 0
}
