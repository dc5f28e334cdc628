import Glibc
import Wire
import WireConformance

/// Speaks with protobuf's conformance test runner: four bytes of length, least significant first,
/// and a request; the same with a response. Ends with the input.
func serveConformanceRunner(_ types: [String: any WireMessage.Type]) {
  var input = StandardInput()
  while let prefix = input.read(4) {
    let length = prefix.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard let request = input.read(length) else { return }
    let response = answer(request, types).wireBytes()
    let count = UInt32(response.count)
    guard writeAll((0..<4).map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) } + response)
    else { return }
  }
}

private func answer(
  _ bytes: [UInt8],
  _ types: [String: any WireMessage.Type]
) -> ConformanceResponse {
  do throws(WireError) {
    let request = try ConformanceRequest(wireBytes: bytes)
    // The runner asks first which failures are expected: none, so an empty `FailureSet`.
    if request.messageType == "conformance.FailureSet" { return .payload([]) }
    guard let type = types[request.messageType] else { return .skipped("not a message of ours") }
    guard let payload = request.payload, request.outputFormat == 1 else {
      return .skipped("the binary format only")
    }
    return .payload(try type.init(wireBytes: payload).wireBytes())
  } catch {
    return .parseError("\(error)")
  }
}

/// Standard input, read in large pieces.
private struct StandardInput {
  private var held: [UInt8] = []
  private var position = 0

  /// The next `count` bytes; nil when the input ends before.
  mutating func read(_ count: Int) -> [UInt8]? {
    while held.count - position < count {
      held.removeSubrange(..<position)
      position = 0
      let piece = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, filled in
        filled = max(0, Glibc.read(STDIN_FILENO, buffer.baseAddress, buffer.count))
      }
      if piece.isEmpty { return nil }
      held += piece
    }
    defer { position += count }
    return Array(held[position..<(position + count)])
  }
}

private func writeAll(_ bytes: [UInt8]) -> Bool {
  var rest = bytes[...]
  while !rest.isEmpty {
    let written = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    if written <= 0 { return false }
    rest = rest.dropFirst(written)
  }
  return true
}
