import Glibc

/// Names of the IANA time zone database, e.g. `America/New_York`.
enum TimeZoneName {
  /// Where the system keeps the database.
  static let systemDirectory = "/usr/share/zoneinfo"

  /// Whether the system knows the zone. Where it has no database, the name's form must do.
  static func isKnown(_ name: String, directory: String = systemDirectory) -> Bool {
    guard isWellFormed(name) else { return false }
    if name == "UTC" || !exists(directory) { return true }
    return isZoneFile(directory + "/" + name)
  }

  /// Letters, digits, `_`, `+` and `-`, in one to three parts: nothing that leaves the directory.
  static func isWellFormed(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return (1...3).contains(parts.count) && name.utf8.count <= 64
      && parts.allSatisfy { part in
        !part.isEmpty
          && part.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
              UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"),
              UInt8(ascii: "-"):
              true
            default: false
            }
          }
      }
  }

  private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Other files lie in the same directory; a zone begins with its magic (RFC 8536, 3.1).
  private static func isZoneFile(_ path: String) -> Bool {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { _ = close(file) }
    var magic: [UInt8] = [0, 0, 0, 0]
    let count = magic.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
    return count == 4 && magic.elementsEqual("TZif".utf8)
  }
}
