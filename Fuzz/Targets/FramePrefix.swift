// The cutting of DATA into gRPC messages, whatever pieces the bytes arrive in, and the reading of
// those that are marked compressed.

/// The first byte sets the limit, the second where the pieces are cut and, by its lowest bits, what
/// is done besides; the rest is the stream. It may be compressed here, for the fuzzer seldom finds
/// a checksum by itself.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFramePrefix(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let start, count > 2 else { return 0 }
  let limit = Int(start[0]) * 16
  let seed = UInt64(start[1])
  let rest = UnsafeRawBufferPointer(start: start + 2, count: count - 2)
  if seed & 1 != 0 { checkGzip(Array(rest), limit: limit) }
  let bytes = seed & 2 == 0 ? Array(rest) : compressed(Array(rest))
  bytes.withUnsafeBytes { checkCuts(of: $0, limit: limit, seed: seed) }
  return 0
}

/// One message that is marked compressed, and is.
private func compressed(_ message: [UInt8]) -> [UInt8] {
  guard let gzip = Gzip.compressed(message) else { return message }
  return [1] + withUnsafeBytes(of: UInt32(gzip.count).bigEndian) { Array($0) } + gzip
}

/// Any bytes taken for gzip, and any bytes there and back.
private func checkGzip(_ bytes: [UInt8], limit: Int) {
  if let message = try? Gzip.decompressed(bytes, limit: limit) {
    precondition(message.count <= limit, "longer than the limit")
  }
  guard let gzip = Gzip.compressed(bytes) else { return }
  precondition(gzip.count < bytes.count, "compressed, but not shorter")
  let back = try? Gzip.decompressed(gzip, limit: bytes.count)
  precondition(back == bytes, "another message comes back")
  let shorter = try? Gzip.decompressed(gzip, limit: bytes.count - 1)
  precondition(shorter == nil, "longer than the limit")
}

private func checkCuts(of stream: UnsafeRawBufferPointer, limit: Int, seed: UInt64) {
  let encoding: MessageEncoding = seed & 4 == 0 ? .gzip : .identity
  let whole = outcome(of: stream, limit: limit, encoding) { stream.count }
  var state = seed
  let pieces = outcome(of: stream, limit: limit, encoding) {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 60)
  }
  precondition(whole == pieces, "the pieces that the bytes come in change what is read")
  precondition(whole.messages.allSatisfy { $0.count <= limit }, "longer than the limit")
}

private struct Outcome: Equatable {
  var messages: [[UInt8]] = []
  var refusal: RPCCode?
  var pendingBytes = 0
}

private func outcome(
  of stream: UnsafeRawBufferPointer,
  limit: Int,
  _ encoding: MessageEncoding,
  nextLength: () -> Int
) -> Outcome {
  var outcome = Outcome()
  var assembler = MessageAssembler(limit: limit)
  assembler.encoding = encoding
  var rest = stream[...]
  do throws(RPCError) {
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(nextLength()))
      rest = rest.dropFirst(piece.count)
      var read: [PrefixedMessage] = []
      defer {
        // A task decompresses when it takes a message; what fails there is not cut here.
        outcome.messages += read.map {
          $0.isCompressed ? (try? Gzip.decompressed($0.bytes, limit: limit)) ?? [] : $0.bytes
        }
      }
      try assembler.receive(piece) { read.append($0) }
    }
    outcome.pendingBytes = assembler.pendingBytes
    precondition(outcome.pendingBytes <= limit + 5, "holds more than one message")
  } catch {
    outcome.refusal = error.code
  }
  return outcome
}
