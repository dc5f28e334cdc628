import Glibc
public import SyncModel

extension World {
  /// The machine's clock and randomness.
  public static var live: World {
    World(
      now: {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let (seconds, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return time.tv_sec < 0 ? .earliest : .latest }
        return Timestamp(nanoseconds: seconds).advanced(byNanoseconds: Int64(time.tv_nsec))
      },
      newID: { uuid(from: randomBytes(16)) }
    )
  }

  /// Bytes of the kernel's generator; up to 256 at a time come whole or not at all (getentropy(3)).
  private static func randomBytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    // Safety: the buffer is `bytes`' own for the time of the call.
    let failed = bytes.withUnsafeMutableBytes { buffer in
      buffer.baseAddress.map { getentropy($0, buffer.count) } ?? 0
    }
    if failed == 0 { return bytes }
    // Kernels before 3.17 only; Swift's generator reads /dev/urandom there.
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
  }

  /// RFC 9562, section 5.4: version 4 in the seventh byte, variant 10 in the ninth.
  static func uuid(from bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for (index, byte) in bytes.prefix(16).enumerated() {
      if [4, 6, 8, 10].contains(index) { text.append(0x2D) }
      let byte = index == 6 ? byte & 0x0F | 0x40 : index == 8 ? byte & 0x3F | 0x80 : byte
      text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return String(decoding: text, as: UTF8.self)
  }
}
