import Glibc

/// A header's name or value as nghttp2 lends it, for the length of a callback.
typealias HeaderBytes = UnsafeBufferPointer<UInt8>

extension UnsafeBufferPointer<UInt8> {
  func equals(_ text: StaticString) -> Bool {
    count == text.utf8CodeUnitCount && hasPrefix(text)
  }

  func hasPrefix(_ text: StaticString) -> Bool {
    guard count >= text.utf8CodeUnitCount, let baseAddress else { return false }
    return memcmp(baseAddress, text.utf8Start, text.utf8CodeUnitCount) == 0
  }

  func hasSuffix(_ text: StaticString) -> Bool {
    guard count >= text.utf8CodeUnitCount, let baseAddress else { return false }
    let tail = baseAddress + (count - text.utf8CodeUnitCount)
    return memcmp(tail, text.utf8Start, text.utf8CodeUnitCount) == 0
  }

  /// `application/grpc`, alone or with a subtype (`+proto`) or parameters.
  var isGRPCContentType: Bool {
    guard hasPrefix("application/grpc") else { return false }
    guard count > 16 else { return true }
    return self[16] == UInt8(ascii: "+") || self[16] == UInt8(ascii: ";")
  }

  /// Whether the list of `grpc-accept-encoding` has gzip in it.
  var namesGzip: Bool {
    split(separator: UInt8(ascii: ",")).contains { name in
      let name = name.drop { $0 == UInt8(ascii: " ") }
      guard name.count >= 4, HeaderBytes(rebasing: name.prefix(4)).equals("gzip") else {
        return false
      }
      return name.dropFirst(4).allSatisfy { $0 == UInt8(ascii: " ") }
    }
  }

  func hasSameBytes(as other: HeaderBytes) -> Bool {
    guard count == other.count, let baseAddress, let start = other.baseAddress else {
      return isEmpty && other.isEmpty
    }
    return memcmp(baseAddress, start, count) == 0
  }

  var text: String { String(decoding: self, as: UTF8.self) }

  var decimal: Int? {
    guard !isEmpty, count <= 9 else { return nil }
    var value = 0
    for byte in self {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return value
  }
}

extension MessageEncoding {
  /// What this side takes, for `grpc-accept-encoding`.
  static let accepted: StaticString = "identity,gzip"

  /// - Parameter name: the value of `grpc-encoding`.
  init(_ name: HeaderBytes) {
    if name.equals("gzip") {
      self = .gzip
    } else {
      self = name.equals("identity") ? .identity : .unknown
    }
  }
}
