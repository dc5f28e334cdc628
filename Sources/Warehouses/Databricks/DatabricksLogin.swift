import Crypto
import HTTPFetch
import SyncModel
import Warehouse

/// The bearer token of a workspace: a personal access token as it is, or one that an OAuth client is
/// given and that is asked for again before it ends (RFC 6749, section 4.4).
actor DatabricksLogin {
  private struct Token {
    var text: String
    var renewAt: ContinuousClock.Instant
  }

  private let credential: WarehouseCredential
  private let url: HTTPURL
  private let retrier: FetchRetrier
  private var token: Token?
  private var asking: Task<Token, any Error>?

  /// - Throws: `Failure` `invalid_credential`.
  init(
    _ credential: WarehouseCredential,
    workspace: HTTPURL,
    retrier: FetchRetrier
  ) throws(Failure) {
    self.credential = credential
    self.retrier = retrier
    do throws(FetchError) {
      url = try workspace.replacing(target: "/oidc/v1/token")
    } catch {
      throw Failure("invalid_settings", error.message, recovery: .needsOperator)
    }
    let secret = HTTPHeaders.visible(credential.secret)
    guard let secret, !secret.isEmpty else {
      throw Failure(
        "invalid_credential",
        "the credential's secret is empty or has characters that no token has; put it into the credential again",
        recovery: .needsOperator
      )
    }
    switch credential.type {
    case .token: token = Token(text: secret, renewAt: .now + .seconds(1_000_000_000))
    case .oauthClient: token = nil
    default:
      throw Failure(
        "invalid_credential",
        "a databricks source takes a token or an oauth_client, not a \(credential.type.rawValue); give it another credential",
        recovery: .needsOperator
      )
    }
  }

  /// Whether a refused token may be asked for again.
  nonisolated var renews: Bool { credential.type == .oauthClient }

  func bearer() async throws -> String {
    if let token, token.renewAt > .now { return token.text }
    // Calls that come meanwhile wait for the same answer.
    let task = asking ?? Task { try await self.ask() }
    asking = task
    defer { asking = nil }
    let new = try await task.value
    token = new
    return new.text
  }

  /// Forgets a token that was refused before its time.
  func forget(_ refused: String) {
    if renews, token?.text == refused { token = nil }
  }

  private func ask() async throws -> Token {
    var request = HTTPRequest(.post, url)
    let pair = Array("\(credential.username):".utf8) + credential.secret
    do {
      try request.headers.add("Authorization", "Basic \(Base64.encode(pair))")
      try request.headers.add("Content-Type", "application/x-www-form-urlencoded")
      try request.headers.add("Accept", "application/json")
    } catch { throw DatabricksFailure.transport(error, "the workspace's token endpoint") }
    request.body = Array("grant_type=client_credentials&scope=all-apis".utf8)
    // Another token does no harm.
    request.isIdempotent = true
    let asked = ContinuousClock.now
    let answer: (response: HTTPResponse, body: [UInt8])
    do {
      answer = try await retrier.fetch(request, limit: 1 << 20)
    } catch {
      throw DatabricksFailure.transport(error, "the workspace's token endpoint at \(url.host)")
    }
    let document = JSONValue(answer.body)
    guard answer.response.status == 200, let text = document?["access_token"]?.string,
      !text.isEmpty
    else { throw DatabricksFailure.refusedClient(answer.response.status, document, url) }
    let lifetime = min(max(document?["expires_in"]?.integer ?? 3600, 1), 86_400)
    // Early, so that it does not end on the way; a short life keeps two thirds.
    let margin = min(300, max(1, lifetime / 3))
    return Token(text: text, renewAt: asked + .seconds(lifetime - margin))
  }
}

extension HTTPHeaders {
  /// A secret as a header's text, without white space around it; nil where it is none.
  fileprivate static func visible(_ secret: [UInt8]) -> String? {
    var bytes = secret[...]
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
    while let last = bytes.last, isSpace(last) { bytes.removeLast() }
    while let first = bytes.first, isSpace(first) { bytes.removeFirst() }
    guard bytes.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }
}
