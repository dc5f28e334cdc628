import Crypto
import ServiceRuntime

/// A master key's file, as the vault reads it: 32 bytes, or 64 hex digits and perhaps a newline.
enum MasterKeyText {
  static func read(_ file: String) throws -> [UInt8] {
    let bytes: [UInt8]
    do {
      bytes = try RegularFile.read(file, limit: 66)
    } catch {
      throw CommandFailure("the new master key: \(error)", exit: .failure)
    }
    let digits = bytes.last == 0x0A ? bytes.dropLast() : bytes[...]
    if digits.count == 64, let key = Hex.decode(digits) { return key }
    guard bytes.count == 32 else {
      throw CommandFailure(
        "the new master key \(file) must hold 32 raw bytes or 64 hex digits, and nothing else",
        hint: "make one with: openssl rand -hex 32 > FILE",
        exit: .failure
      )
    }
    return bytes
  }
}
