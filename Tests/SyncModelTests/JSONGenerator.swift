/// Random numbers that a seed brings back.
struct Xorshift: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = (seed &+ 1) &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D
  }

  mutating func below(_ bound: Int) -> Int { Int(next() >> 33) % max(bound, 1) }
}

/// Valid JSON objects of all shapes, with escapes and white space.
enum JSONGenerator {
  static func object(_ random: inout Xorshift, depth: Int) -> String {
    let members = (0..<random.below(6)).map { index in
      space(&random) + string(&random, unique: index) + space(&random) + ":" + space(&random)
        + value(&random, depth: depth + 1)
    }
    return "{" + members.joined(separator: space(&random) + ",") + space(&random) + "}"
  }

  private static func value(_ random: inout Xorshift, depth: Int) -> String {
    switch random.below(depth > 4 ? 5 : 7) {
    case 0: return string(&random, unique: 0)
    case 1: return ["0", "-1", "12.50", "1e9", "-0.0E-3", "123456789012345678901"][random.below(6)]
    case 2: return "true"
    case 3: return "false"
    case 4: return "null"
    case 5:
      let items = (0..<random.below(4)).map { _ in value(&random, depth: depth + 1) }
      return "[" + items.joined(separator: "," + space(&random)) + space(&random) + "]"
    default: return object(&random, depth: depth)
    }
  }

  private static func string(_ random: inout Xorshift, unique: Int) -> String {
    let parts = [
      "a", "bc", "é", "e\u{301}", "😀", "\\n", "\\\"", "\\\\", "\\u00e9", "\\ud83d\\ude00",
      "longer text here",
    ]
    let text = (0..<random.below(4)).map { _ in parts[random.below(parts.count)] }
    return "\"" + text.joined() + "\(unique)\""
  }

  private static func space(_ random: inout Xorshift) -> String {
    ["", "", "", " ", "\n\t", "\r\n  "][random.below(6)]
  }
}
