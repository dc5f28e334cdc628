// The cutting of DATA into gRPC messages, whatever pieces the bytes arrive in.

/// The first byte sets the limit, the second where the pieces are cut; the rest is the stream.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFramePrefix(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let start, count > 2 else { return 0 }
  let limit = Int(start[0]) * 16
  let seed = UInt64(start[1])
  let stream = UnsafeRawBufferPointer(start: start + 2, count: count - 2)
  let whole = outcome(of: stream, limit: limit) { stream.count }
  var state = seed
  let pieces = outcome(of: stream, limit: limit) {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 60)
  }
  precondition(whole == pieces, "the pieces that the bytes come in change what is read")
  precondition(whole.messages.allSatisfy { $0.count <= limit }, "longer than the limit")
  return 0
}

private struct Outcome: Equatable {
  var messages: [[UInt8]] = []
  var refusal: RPCCode?
  var pendingBytes = 0
}

private func outcome(
  of stream: UnsafeRawBufferPointer,
  limit: Int,
  nextLength: () -> Int
) -> Outcome {
  var outcome = Outcome()
  var assembler = MessageAssembler(limit: limit)
  var rest = stream[...]
  do throws(RPCError) {
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(nextLength()))
      rest = rest.dropFirst(piece.count)
      var read: [[UInt8]] = []
      defer { outcome.messages += read }
      try assembler.receive(piece) { read.append($0) }
    }
    outcome.pendingBytes = assembler.pendingBytes
    precondition(outcome.pendingBytes <= limit + 5, "holds more than one message")
  } catch {
    outcome.refusal = error.code
  }
  return outcome
}
