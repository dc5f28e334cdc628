import COpenSSL
import NIOCore

extension ByteBuffer {
  /// Overwrites what is readable, and lets it go. Where somebody else holds the memory as well, it is
  /// theirs that stays as it is.
  mutating func wipe() {
    withUnsafeMutableReadableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    clear()
  }
}
