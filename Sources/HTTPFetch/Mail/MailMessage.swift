public import SyncModel

/// A mail of plain text in UTF-8 (RFC 5322, 2045, 2047).
public struct MailMessage: Sendable {
  public let from: MailAddress
  public let to: [MailAddress]
  public let subject: String
  public let body: String
  /// The part of `Message-ID` before the `@`: the same for every attempt at one mail.
  public let id: String
  public let date: Timestamp

  /// - Parameters:
  ///   - to: 1 to 100.
  ///   - subject: at most 500 bytes, without control characters: a line break would begin a header.
  ///   - body: at most 1 MiB; any line ends.
  ///   - id: `World.newID()`.
  /// - Throws: `FetchError` `invalidRequest`.
  public init(
    from: MailAddress,
    to: [MailAddress],
    subject: String,
    body: String,
    id: String,
    date: Timestamp
  ) throws(FetchError) {
    guard (1...100).contains(to.count) else {
      throw FetchError(.invalidRequest, "a mail has 1 to 100 recipients, not \(to.count)")
    }
    guard subject.utf8.count <= 500, !MailText.hasControls(subject) else {
      throw FetchError(
        .invalidRequest,
        "the subject of a mail is longer than 500 bytes or has a line break or control character"
      )
    }
    guard body.utf8.count <= 1 << 20 else {
      throw FetchError(.invalidRequest, "the text of a mail is longer than 1 MiB")
    }
    guard (1...64).contains(id.utf8.count), id.utf8.allSatisfy(MailText.isAtomCharacter) else {
      throw FetchError(
        .invalidRequest,
        "the id of a mail is not 1 to 64 letters, digits and hyphens"
      )
    }
    (self.from, self.to, self.subject, self.body, self.id, self.date) = (
      from, to, subject, body, id, date
    )
  }

  public var messageID: String { "<\(id)@\(from.domain)>" }

  /// As it goes over the wire, before SMTP doubles the dots.
  public func encoded() -> [UInt8] {
    var head = Self.addresses("From", [from]) + Self.addresses("To", to)
    head += MailText.unstructured("Subject", subject)
    head += "Date: \(Self.dateText(date))\r\n"
    head += "Message-ID: \(messageID)\r\n"
    // RFC 3834: nobody's absence is answered to a machine.
    head += "Auto-Submitted: auto-generated\r\n"
    head += "MIME-Version: 1.0\r\n"
    head += "Content-Type: text/plain; charset=utf-8\r\n"
    head += "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    return Array(head.utf8) + QuotedPrintable.encode(body)
  }

  /// One address a line.
  private static func addresses(_ name: String, _ list: [MailAddress]) -> String {
    let texts = list.map { entry in
      entry.name.map { "\(MailText.phrase($0))\r\n <\(entry.address)>" } ?? "<\(entry.address)>"
    }
    return "\(name): \(texts.joined(separator: ",\r\n "))\r\n"
  }

  /// RFC 5322, section 3.3, in UTC.
  static func dateText(_ date: Timestamp) -> String {
    let time = CivilTime(date)
    let day = 86_400_000_000_000 as Int64
    let (days, rest) = date.nanoseconds.quotientAndRemainder(dividingBy: day)
    // 1970-01-01 was a Thursday.
    let weekday = Int((days - (rest < 0 ? 1 : 0) + 4) % 7 + 7) % 7
    let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(weekdays[weekday]), \(time.day) \(HTTPDate.months[time.month - 1]) \(time.year)"
      + " \(two(time.hour)):\(two(time.minute)):\(two(time.second)) +0000"
  }
}

extension MailMessage: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Without its text.
  public var description: String { "mail \(messageID) to \(to.count)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}
