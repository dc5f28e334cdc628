/// Follows a session by its replies, which libcurl gives line by line: it reports the last one alone,
/// and not which recipient a server refused.
///
/// The session is a new one and its order is fixed (RFC 5321, section 4.1.4; RFC 3207): greeting, EHLO,
/// [STARTTLS, EHLO,] [AUTH,] MAIL, one RCPT for each recipient, DATA, the text.
struct SMTPReplies {
  enum Stage: Equatable {
    case greeting
    case hello
    case startTLS
    case helloInTLS
    case login
    case sender
    case recipient(Int)
    case data
    case text
    case done
  }

  struct Reply: Equatable {
    var code: Int
    /// Printable ASCII, at most 200 bytes.
    var text: String
    var isPermanent: Bool { code >= 500 }
  }

  private let usesStartTLS: Bool
  private let logsIn: Bool
  private let recipients: Int
  private(set) var stage = Stage.greeting
  /// By recipient; nil while there is none.
  private(set) var recipientReplies: [Reply?]
  /// The last reply that said no, apart from those to recipients.
  private(set) var refusal: Reply?
  private(set) var last: Reply?
  private var lines = 0
  private var text = ""

  init(usesStartTLS: Bool, logsIn: Bool, recipients: Int) {
    self.usesStartTLS = usesStartTLS
    self.logsIn = logsIn
    self.recipients = recipients
    recipientReplies = Array(repeating: nil, count: recipients)
  }

  /// Takes one line.
  /// - Returns: false for what is no reply, or comes where none is due.
  mutating func take(_ line: UnsafeRawBufferPointer) -> Bool {
    lines += 1
    guard lines <= 2000, line.count >= 4 else { return false }
    let digits = line.prefix(3)
    guard digits.allSatisfy({ (48...57).contains($0) }) else { return false }
    if text.utf8.count < 200 {
      let printable = line.dropFirst(4).prefix(200).filter { (0x20...0x7e).contains($0) }
      text += (text.isEmpty ? "" : " ") + String(decoding: printable, as: UTF8.self)
    }
    // "250-" has more lines to come, "250 " is the last.
    guard line[3] != UInt8(ascii: "-") else { return true }
    let reply = Reply(
      code: digits.reduce(0) { $0 * 10 + Int($1 - 48) },
      text: String(text.prefix(200))
    )
    text = ""
    last = reply
    return take(reply)
  }

  private mutating func take(_ reply: Reply) -> Bool {
    let isYes = (200...399).contains(reply.code)
    if !isYes { refuse(reply) }
    switch stage {
    case .greeting: stage = .hello
    case .hello:
      // A refused EHLO is followed by HELO.
      if isYes { stage = usesStartTLS ? .startTLS : afterHello }
    case .startTLS: stage = .helloInTLS
    case .helloInTLS: if isYes { stage = afterHello }
    case .login:
      // 334 asks for more. A 250 answers MAIL: libcurl goes on without a login where none is offered.
      if reply.code == 250 { return false }
      if reply.code == 235 { stage = .sender }
    case .sender: stage = .recipient(0)
    case .recipient(let index):
      recipientReplies[index] = reply
      stage = index + 1 < recipients ? .recipient(index + 1) : .data
    case .data: stage = .text
    case .text: stage = .done
    case .done: break
    }
    return true
  }

  private var afterHello: Stage { logsIn ? .login : .sender }

  private mutating func refuse(_ reply: Reply) {
    if case .recipient = stage { return }
    refusal = reply
  }
}
