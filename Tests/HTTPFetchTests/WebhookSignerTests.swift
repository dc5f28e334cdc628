import Crypto
import HTTPFetch
import SyncModel
import TestSupport
import Testing

/// Signatures that a receiver checks as docs/webhooks.md says.
struct WebhookSignerTests {
  private static func secret(_ text: String) -> WebhookSigner.Authenticate {
    let key = SecretBytes(Array(text.utf8))
    return { try HMACSHA256.authenticate($0, key: key) }
  }

  private let body = Array(#"{"run":"äöü"}"#.utf8)

  @Test func theRequest() throws {
    let url = try HTTPURL("https://hooks.example/T0/secret")
    let request = try WebhookSigner([Self.secret("k")])
      .request(to: url, body: body, id: "run-1", at: SimulatedWorld.start)
    #expect(request.isIdempotent)
    #expect(request.headers["Idempotency-Key"] == "run-1")
    #expect(request.headers["Content-Type"] == "application/json")
    #expect(!"\(request)".contains("secret"))
    let again = try WebhookSigner([Self.secret("k")])
      .signature(body: body, id: "run-1", at: SimulatedWorld.start)
    #expect(request.headers["Sluice-Signature"] == again)
    for id in ["", "a.b", "a b", "a\r\nX: y", String(repeating: "a", count: 129)] {
      #expect(throws: FetchError.self) {
        try WebhookSigner([]).request(to: url, body: body, id: id, at: SimulatedWorld.start)
      }
    }
  }

  /// The recipe of the documentation itself, run by Python.
  @Test func theDocumentedRecipeAcceptsIt() throws {
    let recipe = try TestServer.recipe("docs/webhooks.md")
    let signer = WebhookSigner([Self.secret("new secret"), Self.secret("old secret")])
    let signature = try signer.signature(body: body, id: "run-1", at: SimulatedWorld.start)
    func check(_ secret: String, _ id: String, _ text: String, now: Int, _ value: String) throws
      -> String
    {
      let call =
        "\(recipe)\nimport sys\nprint(is_genuine(sys.argv[1].encode(), sys.argv[2], sys.argv[3], "
        + "sys.argv[4].encode(), now=int(sys.argv[5])))"
      return try ChildProcess.run(["python3", "-c", call, secret, id, value, text, "\(now)"]).output
    }
    let text = String(decoding: body, as: UTF8.self)
    let time = 1_704_067_200
    for secret in ["new secret", "old secret"] {
      #expect(try check(secret, "run-1", text, now: time + 60, signature) == "True\n")
    }
    #expect(try check("other", "run-1", text, now: time, signature) == "False\n")
    #expect(try check("new secret", "run-2", text, now: time, signature) == "False\n")
    #expect(try check("new secret", "run-1", text + " ", now: time, signature) == "False\n")
    #expect(try check("new secret", "run-1", text, now: time + 301, signature) == "False\n")
    #expect(try check("new secret", "run-1", text, now: time, "t=x,v1=") == "False\n")
    let later = signature.replacing("t=\(time)", with: "t=\(time + 301)")
    #expect(try check("new secret", "run-1", text, now: time + 301, later) == "False\n")
  }
}
