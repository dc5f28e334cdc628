/// A router's methods by the bytes of their paths, so that a lookup builds no String.
final class MethodTable: Sendable {
  private let methods: [RoutedMethod]
  /// Their paths.
  private let paths: [[UInt8]]
  /// Open addressing: indexes into `methods`, -1 where empty. A power of two, at most half full.
  private let slots: [Int]

  init(_ router: RPCRouter) {
    let methods = router.methods
    let paths = methods.map { [UInt8]($0.path.utf8) }
    var size = 8
    while size < methods.count * 2 { size *= 2 }
    var slots = [Int](repeating: -1, count: size)
    for (index, path) in paths.enumerated() {
      var slot = path.withUnsafeBufferPointer { Self.hash($0) } & (size - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
      slots[slot] = index
    }
    self.methods = methods
    self.paths = paths
    self.slots = slots
  }

  func method(atPath path: UnsafeBufferPointer<UInt8>) -> RoutedMethod? {
    var slot = Self.hash(path) & (slots.count - 1)
    while slots[slot] >= 0 {
      let index = slots[slot]
      if paths[index].withUnsafeBufferPointer({ $0.hasSameBytes(as: path) }) {
        return methods[index]
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// FNV-1a. The table is fixed at start, so a peer cannot make its chains longer.
  private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return Int(truncatingIfNeeded: hash >> 1)
  }
}
