import Foundation
import HTTPFetch
import SyncModel
import TestSupport
import Testing

/// Mails to real servers, read by Python's parser.
struct MailClientTests {
  private struct Mail: Decodable {
    var sender: String
    var recipients: [String]
    var encrypted: Bool
    var login: String
    var host_name: String
    var subject: String
    var from: [[String]]
    var to: [[String]]
    var date: String
    var message_id: String
    var names: [String]
    var text: String
    var defects: [String]
    var longest: Int
    var ascii: Bool
  }

  private let server: TestServer

  init() throws {
    server = try TestServer("mail_server.py", python: TestServer.packagedPython())
  }

  private func client(
    _ port: String,
    _ security: MailConfiguration.Security,
    password: String? = "pass word",
    change: (inout MailConfiguration) throws -> Void = { _ in }
  ) throws -> MailClient {
    var configuration = try MailConfiguration(
      host: Host("localhost"),
      port: server.port(port),
      security: security,
      login: password.map { try .init(user: "sluice", password: $0) },
      policy: AddressPolicy(allowed: [AddressRange("127.0.0.0/8"), AddressRange("::1")])
    )
    configuration.authorityFile = server.certificates.authorityFile
    configuration.helloName = try Host("sluice.example")
    try change(&configuration)
    return try MailClient(configuration)
  }

  private func mail(
    _ subject: String = "A run failed",
    to: [MailAddress]? = nil,
    body: String = "It did.\n"
  ) throws -> MailMessage {
    try MailMessage(
      from: MailAddress("sluice@sluice.example", name: "Sluice, the \"gate\""),
      to: to ?? [MailAddress("ops@example.com")],
      subject: subject,
      body: body,
      id: "4fd8a4c0-0000-4000-8000-000000000001",
      date: Timestamp(nanoseconds: 1_704_067_200_000_000_000)
    )
  }

  private func mails() throws -> [Mail] {
    try TestServer.decode([Mail].self, server.ask("mails"))
  }

  @Test(arguments: [
    ("starttls", MailConfiguration.Security.startTLS), ("login only", .startTLS), ("tls", .tls),
  ])
  func aMailArrives(port: String, security: MailConfiguration.Security) async throws {
    let text =
      "Zeile eins: äöü €\r\n.\r\n..zwei\rlast line \n" + String(repeating: "wide ", count: 400)
    let receipt = try await client(port, security).send(
      mail(
        "Lauf „Käufe“ schlug fehl: " + String(repeating: "sehr ", count: 20),
        to: [
          MailAddress("ops@example.com", name: "Öl & Söhne"),
          MailAddress("two+tag@sub.example.com"),
        ],
        body: text
      )
    )
    #expect(receipt.accepted.map(\.address) == ["ops@example.com", "two+tag@sub.example.com"])
    #expect(receipt.refused.isEmpty)
    let mail = try #require(mails().first)
    #expect(mail.encrypted)
    #expect(mail.login == "sluice")
    #expect(mail.host_name == "sluice.example")
    #expect(mail.sender == "sluice@sluice.example")
    #expect(mail.recipients == ["ops@example.com", "two+tag@sub.example.com"])
    #expect(mail.from == [["Sluice, the \"gate\"", "sluice@sluice.example"]])
    #expect(mail.to == [["Öl & Söhne", "ops@example.com"], ["", "two+tag@sub.example.com"]])
    #expect(
      mail.subject == "Lauf „Käufe“ schlug fehl: " + String(repeating: "sehr ", count: 20)
    )
    #expect(mail.date == "2024-01-01T00:00:00+00:00")
    #expect(mail.message_id == "<4fd8a4c0-0000-4000-8000-000000000001@sluice.example>")
    #expect(
      mail.text == "Zeile eins: äöü €\n.\n..zwei\nlast line \n"
        + String(repeating: "wide ", count: 400) + "\n"
    )
    #expect(mail.defects.isEmpty)
    #expect(mail.longest <= 78)
    #expect(mail.ascii)
  }

  @Test func plainOnlyToLoopback() async throws {
    let receipt = try await client("plain", .plainToLoopback, password: nil).send(mail())
    #expect(receipt.accepted.count == 1)
    #expect(try mails().map(\.encrypted) == [false])
    let away = try client("plain", .plainToLoopback, password: nil) {
      $0.host = try Host("192.0.2.1")
      $0.policy.allowed = [try AddressRange("0.0.0.0/0")]
    }
    _ = await failure(.notAllowed) { _ = try await away.send(mail()) }
  }

  @Test func addressesNeedThePolicy() async throws {
    let client = try client("starttls", .startTLS) { $0.policy.allowed = [] }
    let error = await failure(.notAllowed) { _ = try await client.send(mail()) }
    #expect(error?.message.contains("loopback") == true)
  }

  @Test func aServerWithoutSTARTTLSGetsNothing() async throws {
    let client = try client("plain", .startTLS, password: nil)
    let error = await failure(.tls) { _ = try await client.send(mail()) }
    #expect(error?.message.contains("STARTTLS") == true)
    #expect(try mails().isEmpty)
  }

  @Test func aCertificateOfSomebodyElseIsRefused() async throws {
    let other = try TestCertificates()
    let client = try client("starttls", .startTLS) { $0.authorityFile = other.authorityFile }
    _ = await failure(.tls) { _ = try await client.send(mail()) }
    #expect(try mails().isEmpty)
  }

  @Test func aWrongPasswordIsNamed() async throws {
    let client = try client("starttls", .startTLS, password: "wrong")
    let error = await failure(.refused) { _ = try await client.send(mail()) }
    #expect(error?.message.contains("password") == true)
    #expect(error?.mayHaveArrived == false)
  }

  /// libcurl itself would go on without logging in.
  @Test func aServerWithoutLogInGetsNothing() async throws {
    let client = try client("no login", .startTLS)
    let error = await failure(.refused) { _ = try await client.send(mail()) }
    #expect(error?.message.contains("log-in") == true)
    #expect(try mails().isEmpty)
  }

  @Test func refusedRecipientsAreReported() async throws {
    let client = try client("starttls", .startTLS)
    let receipt = try await client.send(
      mail(to: ["refused1", "ops", "later", "two"].map { try MailAddress("\($0)@example.com") })
    )
    #expect(receipt.accepted.map(\.address) == ["ops@example.com", "two@example.com"])
    #expect(
      receipt.refused.map(\.address.address) == ["refused1@example.com", "later@example.com"]
    )
    #expect(receipt.refused.map(\.code) == [550, 451])
    #expect(receipt.refused.first?.text == "5.1.1 nobody of that name")
    #expect(try mails().map(\.recipients) == [["ops@example.com", "two@example.com"]])
    let error = await failure(.refused) {
      _ = try await client.send(mail(to: [MailAddress("refused@example.com")]))
    }
    #expect(error?.cause == "SMTP 550 5.1.1 nobody of that name")
    #expect(try mails().count == 1)
  }

  @Test func aRefusedTextIsAnError() async throws {
    let error = await failure(.refused) {
      _ = try await client("starttls", .startTLS).send(mail("too much"))
    }
    #expect(error?.cause?.hasPrefix("SMTP 552") == true)
  }

  @Test func aLostAnswerMayHaveArrived() async throws {
    let client = try client("starttls", .startTLS) { $0.timeouts.firstByte = .seconds(2) }
    let error = await failure(.timeout) { _ = try await client.send(mail("silence")) }
    #expect(error?.mayHaveArrived == true)
  }

  @Test func aSilentServerTimesOutAndCanBeCancelled() async throws {
    let client = try client("silent", .startTLS) { $0.timeouts.firstByte = .milliseconds(200) }
    let error = await failure(.timeout) { _ = try await client.send(mail()) }
    #expect(error?.mayHaveArrived == false)
    let patient = try self.client("silent", .startTLS)
    let task = Task { [mail = try mail()] in try await patient.send(mail) }
    try await Task.sleep(for: .milliseconds(50))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  private func texts() throws -> [String] {
    try TestServer.decode([String].self, server.ask("texts"))
  }

  /// libcurl would end the text with its dot, and the server would deliver half a mail.
  @Test func aMailThatIsCancelledInTheMiddleIsNotDelivered() async throws {
    let client = try client("slow", .plainToLoopback, password: nil)
    let large = try mail(body: String(repeating: "ä", count: 500_000))
    let task = Task { try await client.send(large) }
    while try texts().isEmpty { try await Task.sleep(for: .milliseconds(20)) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    while try texts() == ["begun"] { try await Task.sleep(for: .milliseconds(20)) }
    #expect(try texts() == ["cut"])
  }

  /// Without our limit, libcurl waits for two minutes for the answer to QUIT, and the next mail too.
  @Test(.timeLimit(.minutes(4)))
  func aServerThatDoesNotSayGoodbye() async throws {
    let client = try client("slow", .plainToLoopback, password: nil)
    for _ in 0..<2 { #expect(try await client.send(mail()).accepted.count == 1) }
    #expect(try texts() == ["whole", "whole"])
  }

  @Test func manyMailsAtOnce() async throws {
    let client = try client("starttls", .startTLS)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<20 {
        let mail = try mail("number \(number)")
        group.addTask { _ = try await client.send(mail) }
      }
      try await group.waitForAll()
    }
    #expect(Set(try mails().map(\.subject)) == Set((0..<20).map { "number \($0)" }))
  }
}
