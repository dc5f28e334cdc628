extension Metadata {
  /// Names that belong to the protocol, which a caller cannot set (gRPC over HTTP/2, "Custom-Metadata").
  private static let reserved: Set<String> = [
    "te", "content-type", "user-agent", "connection", "host",
  ]

  /// The entries as a peer sees them: names checked, values under `-bin` names as bytes.
  /// - Throws: INTERNAL naming the entry that cannot travel (never its value).
  func normalizedForWire() throws(RPCError) -> Metadata {
    if isEmpty { return self }
    var result = Metadata()
    for entry in entries {
      guard Self.isValid(name: entry.name),
        !entry.name.hasPrefix("grpc-") || entry.name == RPCError.statusDetailsKey,
        !Self.reserved.contains(entry.name)
      else { throw RPCError(.internalError, "metadata name \"\(entry.name)\" cannot be sent") }
      let isBinary = entry.name.hasSuffix("-bin")
      switch entry.value {
      case .bytes where !isBinary:
        throw RPCError(
          .internalError,
          "metadata \(entry.name) holds bytes, so its name must end in -bin"
        )
      case .text(let text) where isBinary: result.append(entry.name, .bytes([UInt8](text.utf8)))
      case .text(let text) where !text.utf8.allSatisfy({ 0x20...0x7E ~= $0 }):
        throw RPCError(
          .internalError,
          "metadata \(entry.name) is not printable ASCII; a name that ends in -bin takes any bytes"
        )
      case .text, .bytes: result.append(entry.name, entry.value)
      }
    }
    return result
  }

  private static func isValid(name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
          true
        default: false
        }
      }
  }
}
