import HTTPFetch
import SyncModel
import Synchronization
import Warehouse

/// The chunks of one result, opened in order: a few are under way at once, so that the next one's
/// bytes are there when the last one's end.
///
/// Memory is bounded whatever a chunk holds: a body that is not read is held up after `bodyBuffer`
/// bytes, and at most `ahead` are open.
final class DatabricksChunks: Sendable {
  static let ahead = 3
  /// Attempts at one chunk that brought nothing new.
  static let attempts = 5

  let id: DatabricksStatementID
  let manifest: DatabricksManifest
  private let api: DatabricksAPI
  private let source: String
  private struct State {
    var firstLinks: [DatabricksLink]
    var opening: [Int: Task<HTTPBody, any Error>] = [:]
    var isClosed = false
  }
  private let state: Mutex<State>

  init(
    _ answer: DatabricksAnswer,
    _ manifest: DatabricksManifest,
    api: DatabricksAPI,
    source: String
  ) {
    id = answer.id
    self.manifest = manifest
    self.api = api
    self.source = source
    state = Mutex(State(firstLinks: answer.links))
  }

  /// The body of a chunk, and those after it on their way. Chunks are asked for in order.
  func body(_ index: Int) async throws -> HTTPBody {
    let task = state.withLock { state -> Task<HTTPBody, any Error>? in
      guard !state.isClosed else { return nil }
      for next in index..<min(index + Self.ahead, manifest.chunks.count)
      where state.opening[next] == nil {
        state.opening[next] = Task { try await self.open(next) }
      }
      return state.opening.removeValue(forKey: index)
    }
    guard let task else { throw DatabricksRunner.closed(source) }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }

  /// The same chunk once more, by a fresh link; only that one.
  func reopen(_ index: Int) async throws -> HTTPBody {
    guard !state.withLock({ $0.isClosed }) else { throw DatabricksRunner.closed(source) }
    return try await open(index)
  }

  /// Ends what is under way.
  func close() {
    let tasks = state.withLock { state in
      defer { state.opening = [:] }
      state.isClosed = true
      return Array(state.opening.values)
    }
    for task in tasks { task.cancel() }
  }

  var isClosed: Bool { state.withLock { $0.isClosed } }

  // MARK: One chunk

  private func open(_ index: Int) async throws -> HTTPBody {
    var problem = ""
    for attempt in 1...Self.attempts {
      let link = try await freshLink(index, mayReuse: attempt == 1)
      guard link.rowCount == manifest.chunks[index] else {
        throw DatabricksFailure.unexpected(
          "chunk \(index) has \(link.rowCount) rows, but the result's list says \(manifest.chunks[index])"
        )
      }
      do {
        let response = try await api.links.send(request(link))
        if response.status == 200 { return response.body }
        problem = "HTTP \(response.status)"
        // A link that ended is a 403 or 400; asked for anew it works (B.4). What a server is short of
        // comes back, too. Nothing else does.
        guard [400, 403, 404, 408, 429].contains(response.status) || response.status >= 500 else {
          break
        }
        if response.status == 429 || response.status >= 500 { try await pause(attempt) }
      } catch let error as FetchError {
        problem = "\(error.kind.rawValue)"
        guard Self.mayPass(error.kind) else { throw refused(error, link) }
        try await pause(attempt)
      }
      // Twice refused is not the link's age.
      if problem.hasPrefix("HTTP 4"), problem != "HTTP 429", problem != "HTTP 408", attempt >= 2 {
        break
      }
    }
    throw Failure(
      "result_unreachable",
      "chunk \(index) of the result of \(source) could not be fetched from the workspace's storage (\(problem)); allow its host through the firewall, and run again",
      recovery: .failRun
    )
  }

  /// A link is asked for when it is about to be used: it lives for a quarter of an hour.
  private func freshLink(_ index: Int, mayReuse: Bool) async throws -> DatabricksLink {
    if mayReuse {
      let given = state.withLock { state in
        state.firstLinks.firstIndex { $0.chunk == index }.map { state.firstLinks.remove(at: $0) }
      }
      if let given, isFresh(given) { return given }
    }
    // If our clock is wrong, every link looks old: what was just made is taken as it is.
    return try await api.link(id, chunk: index)
  }

  private func isFresh(_ link: DatabricksLink) -> Bool {
    guard let expiration = link.expiration else { return true }
    let margin = api.timing.linkMargin.components.seconds * 1_000_000_000
    return api.surroundings.world.now().advanced(byNanoseconds: margin) < expiration
  }

  /// No header of ours but what the link asks for: a store refuses two ways of signing in (B.4).
  private func request(_ link: DatabricksLink) throws(FetchError) -> HTTPRequest {
    var request = HTTPRequest(.get, try HTTPURL(link.url))
    for header in link.headers { try request.headers.add(header.name, header.value) }
    request.hidesPath = true
    // A chunk of text: it is never held, only passed through.
    request.limits = BodyLimits(decoded: 4 << 30, expansion: 1000)
    return request
  }

  private static func mayPass(_ kind: FetchError.Kind) -> Bool {
    switch kind {
    case .hostNotFound, .cannotConnect, .timeout, .connectionLost, .truncated, .badEncoding,
      .overloaded, .unavailable:
      true
    default: false
    }
  }

  private func refused(_ error: FetchError, _ link: DatabricksLink) -> any Error {
    if error.kind == .closed { return DatabricksRunner.closed(source) }
    let place = (try? HTTPURL(link.url)).map(\.origin) ?? "the workspace's storage"
    return DatabricksFailure.transport(error, "the result of \(source), at \(place)")
  }

  func pause(_ attempt: Int) async throws {
    try await api.timing.pace.sleep(.seconds(min(30, 1 << min(attempt - 1, 5))))
  }
}
