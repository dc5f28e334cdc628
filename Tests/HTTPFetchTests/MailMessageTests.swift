import HTTPFetch
import SyncModel
import Testing

/// What a mail may hold, and its bytes.
struct MailMessageTests {
  private func mail(subject: String = "s", body: String = "", id: String = "1") throws -> String {
    let message = try MailMessage(
      from: MailAddress("a@b.example"),
      to: [MailAddress("c@d.example", name: "C")],
      subject: subject,
      body: body,
      id: id,
      date: Timestamp(nanoseconds: 951_782_399_000_000_000)
    )
    return String(decoding: message.encoded(), as: UTF8.self)
  }

  @Test func theBytes() throws {
    let expected = """
      From: <a@b.example>
      To: "C"
       <c@d.example>
      Subject: s
      Date: Mon, 28 Feb 2000 23:59:59 +0000
      Message-ID: <1@b.example>
      Auto-Submitted: auto-generated
      MIME-Version: 1.0
      Content-Type: text/plain; charset=utf-8
      Content-Transfer-Encoding: quoted-printable

      a=3Db=C3=A4=00
      end=20

      """
    #expect(try mail(body: "a=b\u{e4}\u{0}\nend ") == crlf(expected))
  }

  @Test(arguments: [
    "a@b.example>\r\nRCPT TO:<evil@e.example", "a@b.example\r\nBcc: e@e.example",
    "a\u{0}@b.example",
    "<a@b.example>", "a b@c.example", "a@b@c.example", "@b.example", "a@", "a", "a..b@c.example",
    ".a@b.example", "a@127.0.0.1", "a@-b.example", "ä@b.example", "a@b.example ", "\"a\"@b.example",
    "a,b@c.example", "a@b.example,c@d.example",
  ])
  func addressesThatAreRefused(text: String) {
    #expect(throws: FetchError.self) { try MailAddress(text) }
  }

  @Test(arguments: ["a\r\nBcc: e@e.example", "a\nb", "a\u{0}b", "a\u{2028}b", "a\u{85}b", "\u{7f}"])
  func linesThatAreRefused(text: String) {
    #expect(throws: FetchError.self) { try mail(subject: text) }
    #expect(throws: FetchError.self) { try MailAddress("a@b.example", name: text) }
  }

  @Test func otherRefusals() {
    #expect(throws: FetchError.self) { try mail(subject: String(repeating: "a", count: 501)) }
    #expect(throws: FetchError.self) { try mail(body: String(repeating: "a", count: 1 << 20 + 1)) }
    #expect(throws: FetchError.self) { try mail(id: "a>\r\nb") }
    #expect(throws: FetchError.self) { try MailConfiguration.Login(user: "a", password: "b\r\nc") }
  }

  @Test func subjectsAreFoldedOrEncoded() throws {
    let long = String(repeating: "word ", count: 40) + "end"
    for subject in [
      long, String(repeating: "x", count: 400), "=?UTF-8?Q?hidden?=", " a  b ", "€" + long,
    ] {
      let head = try mail(subject: subject).split(separator: "\r\n\r\n")[0]
      for line in head.split(separator: "\r\n") { #expect(line.utf8.count <= 78) }
      #expect(!head.contains("hidden"))
    }
  }

  @Test func bodiesHaveShortLines() throws {
    for body in [
      "", "\n", "\n\n", String(repeating: "=", count: 5000), String(repeating: "€ ", count: 999),
    ] {
      let text = try mail(body: body)
      for line in text.split(separator: "\r\n") { #expect(line.utf8.count <= 78) }
      #expect(text.hasSuffix("\r\n"))
    }
  }

  @Test func aMailDoesNotPrintItsText() throws {
    let message = try MailMessage(
      from: MailAddress("a@b.example"),
      to: [MailAddress("c@d.example")],
      subject: "canary",
      body: "canary",
      id: "1",
      date: .earliest
    )
    let login = try MailConfiguration.Login(user: "canary", password: "canary")
    var dumped = ""
    dump(message, to: &dumped)
    dump(login, to: &dumped)
    #expect(!"\(message) \(login) \(dumped)".contains("canary"))
  }

  private func crlf(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
  }
}
