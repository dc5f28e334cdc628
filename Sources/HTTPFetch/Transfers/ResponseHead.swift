/// The lines of a response's head, as libcurl's header callback gives them: those of interim answers
/// (1xx) come before the final ones, those of trailers after the body.
struct ResponseHead {
  enum Step: Equatable {
    case more
    case complete
    /// More lines than anybody needs; libcurl 7.88 itself has no limit here.
    case tooLarge
    case malformed
  }

  private(set) var status = 0
  private(set) var version = ""
  private(set) var headers = HTTPHeaders()
  private(set) var isComplete = false
  private var size = 0
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  /// Takes one line with its line break.
  mutating func take(_ line: UnsafeRawBufferPointer) -> Step {
    size += line.count
    guard size <= limit else { return .tooLarge }
    var text = line[...]
    while let last = text.last, last == 0x0a || last == 0x0d { text = text.dropLast() }
    // Trailers: counted, and not wanted by anybody here.
    if isComplete { return .more }
    if text.isEmpty {
      // 101 would mean that the connection is not HTTP any more; nobody asked for that.
      guard status >= 200 else { return status == 101 ? .malformed : .more }
      isComplete = true
      return .complete
    }
    if text.starts(with: "HTTP/".utf8) { return takeStatusLine(text) ? .more : .malformed }
    guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { return .more }
    headers.addReceived(
      name: String(decoding: text[..<colon], as: UTF8.self),
      value: HTTPHeaders.trimmed(text[(colon + 1)...])
    )
    return .more
  }

  private mutating func takeStatusLine(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
    let words = text.dropFirst(5).split(separator: 0x20, maxSplits: 2)
    guard words.count >= 2, words[1].count == 3, words[1].allSatisfy({ (48...57).contains($0) })
    else {
      return false
    }
    version = String(decoding: words[0], as: UTF8.self)
    status = words[1].reduce(0) { $0 * 10 + Int($1 - 48) }
    headers.removeAll()
    return status >= 100
  }
}
