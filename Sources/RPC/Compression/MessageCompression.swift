/// How a call's messages are compressed, each by itself.
///
/// Whoever can choose a part of a message that also holds a secret learns of the secret by the
/// message's length (CRIME, BREACH): such a message is to be sent as it is.
public enum MessageCompression: Sendable, Equatable {
  case gzip
}

/// What `grpc-encoding` says of a peer's messages (gRPC over HTTP/2, "Message-Encoding").
enum MessageEncoding {
  case identity
  case gzip
  /// One that is not known here.
  case unknown
}

/// One message as it travels: its bytes, and whether its Compressed-Flag is set.
struct PrefixedMessage: Sendable, Equatable {
  var bytes: [UInt8]
  var isCompressed = false
}
