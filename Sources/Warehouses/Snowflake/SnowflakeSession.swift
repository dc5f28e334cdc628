import HTTPFetch
import SyncModel
import Warehouse

/// Calls of one account's SQL API: tokens, retries, submitting, polling, cancelling.
final class SnowflakeSession: Sendable {
  let settings: SnowflakeSettings
  let login: SnowflakeLogin
  let failures: SnowflakeFailure
  private let tag: QueryTag
  private let client: HTTPClient
  private let world: World
  private let policy: FetchRetryPolicy
  private let work = SnowflakeWork()

  static let path = "/api/v2/statements"
  /// Of an answer without rows.
  private static let smallBody = 4 << 20
  private static let firstPoll = Duration.milliseconds(100)
  private static let longestPoll = Duration.seconds(5)
  /// How long one request of a close may take, and how long it may be tried again.
  private static let cancelTimeout = Duration.seconds(5)
  private static let lastPolicy = FetchRetryPolicy(
    maximumAttempts: 3,
    longestDelay: .seconds(1),
    deadline: cancelTimeout
  )

  init(
    _ settings: SnowflakeSettings,
    login: SnowflakeLogin,
    user: String,
    tag: QueryTag,
    client: HTTPClient,
    world: World
  ) {
    self.settings = settings
    self.login = login
    failures = SnowflakeFailure(settings: settings, user: user)
    self.tag = tag
    self.client = client
    self.world = world
    policy = FetchRetryPolicy(maximumAttempts: 6, longestDelay: .seconds(10))
  }

  /// An answer whose rows are about to come.
  struct Finished: Sendable {
    var response: HTTPResponse
    /// nil where the answer's own body has it.
    var handle: String?
    /// The server's clock when it took the statement.
    var startedAt: Timestamp
  }

  /// Runs a statement until its result begins. A suspended warehouse is resumed if the role may; a
  /// statement that took too long is tried once more.
  /// - Throws: `Failure`, `CancellationError`.
  func run(_ statement: SnowflakeStatement) async throws -> Finished {
    var hasResumed = false
    var hasTimedOut = false
    while true {
      do {
        return try await submit(statement)
      } catch let error as SnowflakeError where error.code == "000608" && !hasResumed {
        hasResumed = true
        try await resumeWarehouse(after: error, source: statement.source)
      } catch let error as SnowflakeError
        where (error.code == "000630" || error.status == 408) && !hasTimedOut
        && statement.timeout == nil
      {
        hasTimedOut = true
      } catch let error where work.isClosed && !(error is CancellationError) {
        // Also what the server says of a statement that a close has cancelled.
        throw failures.failure(SnowflakeWork.closed, source: statement.source)
      } catch {
        throw failures.failure(error, source: statement.source, timeout: statement.timeout)
      }
    }
  }

  /// Only after it was found to be suspended: it costs credits, and needs a privilege that few grant.
  private func resumeWarehouse(after error: SnowflakeError, source: String) async throws {
    let name = TableName.quoted(settings.warehouse)
    let resume = SnowflakeStatement(
      text: "ALTER WAREHOUSE \(name) RESUME IF SUSPENDED",
      source: "warehouse \(SnowflakeName.written(settings.warehouse))"
    )
    do {
      let finished = try await submit(resume)
      _ = try await finished.response.collect(limit: Self.smallBody)
    } catch let refusal as SnowflakeError
      where refusal.code == "003001" || refusal.sqlState == "42501" || refusal.code == "002003"
    {
      // "Insufficient privileges" of a statement that nobody wrote would puzzle.
      throw failures.failure(error, source: source)
    } catch {
      throw failures.failure(error, source: resume.source)
    }
  }

  private func submit(_ statement: SnowflakeStatement) async throws -> Finished {
    let requestID = world.newID()
    let response: HTTPResponse
    do {
      response = try await send(takes: [200, 202]) { isRetry in
        try Task.checkCancellation()
        try work.begin(requestID, statement)
        return try submission(of: statement, requestID, isRetry: isRetry)
      }
    } catch let error as SnowflakeError where !error.isTransient {
      // An answer, by which the statement has ended or never was.
      work.forget(requestID)
      throw error
    } catch let error as FetchError where !error.mayHaveArrived {
      work.forget(requestID)
      throw error
    }
    let date = response.headers["Date"].flatMap { HTTPDate.parse($0, now: world.now()) }
    if response.status == 200 {
      work.forget(requestID)
      return Finished(response: response, startedAt: date ?? world.now())
    }
    let answer = JSONValue(try await response.collect(limit: Self.smallBody))
    guard let handle = answer?["statementHandle"]?.string, Self.isHandle(handle) else {
      throw SnowflakeAnswer.malformed("it names no statement")
    }
    // Milliseconds since 1970.
    let created = answer?["createdOn"]?.integer.map {
      Timestamp(clampingSeconds: $0 / 1000, nanoseconds: $0 % 1000 * 1_000_000)
    }
    work.know(handle, of: requestID)
    do {
      let result = try await poll(handle, timeout: statement.timeout(settings))
      work.end(handle)
      return Finished(response: result, handle: handle, startedAt: created ?? date ?? world.now())
    } catch let error as SnowflakeError {
      // The server has ended it.
      work.end(handle)
      throw error
    }
  }

  /// The same id with `retry` on: the server does not run it twice (warehouses.md, A.8).
  private func submission(
    of statement: SnowflakeStatement,
    _ requestID: String,
    isRetry: Bool,
    isAsynchronous: Bool? = nil
  ) throws -> HTTPRequest {
    var target = "\(Self.path)?requestId=\(requestID)&nullable=true"
    if isAsynchronous ?? statement.isAsynchronous { target += "&async=true" }
    if isRetry { target += "&retry=true" }
    // Not idempotent, so that libcurl does not send it again by itself, without `retry`.
    var request = HTTPRequest(
      .post,
      try settings.origin.replacing(target: target),
      body: statement.body(settings, tag: tag)
    )
    try request.headers.add("Content-Type", "application/json")
    return request
  }

  private func poll(_ handle: String, timeout: Int) async throws -> HTTPResponse {
    var delay = Self.firstPoll
    let deadline = ContinuousClock.now + .seconds(timeout + 600)
    while true {
      try await Task.sleep(for: delay)
      let response = try await get(handle, partition: nil)
      // 429 says "ask later" here, never "failed" (warehouses.md, A.4).
      guard response.status == 202 || response.status == 429 else {
        return response
      }
      let asked = response.headers["Retry-After"].flatMap {
        RetryAfter.parse($0, now: world.now())
      }
      response.body.cancel()
      delay = asked.map { min($0, .seconds(60)) } ?? min(delay * 2, Self.longestPoll)
      guard ContinuousClock.now < deadline else {
        await cancel(handle)
        throw SnowflakeError(status: 408, code: "000630")
      }
    }
  }

  /// A result's partition, or with nil how the statement stands; the answer may be 202 or 429.
  func get(_ handle: String, partition: Int?) async throws -> HTTPResponse {
    let query = partition.map { "?partition=\($0)" } ?? ""
    return try await send(takes: [200, 202, 429]) { _ in
      var request = HTTPRequest(
        .get,
        try settings.origin.replacing(target: "\(Self.path)/\(handle)\(query)")
      )
      // Rows of one kind pack well, and the server says beforehand how many bytes it will be.
      request.limits.expansion = 2000
      return request
    }
  }

  /// A further partition; waits while the server says that it is not there yet.
  /// - Throws: as `get`.
  func openPartition(_ handle: String, _ partition: Int) async throws -> HTTPResponse {
    var delay = Self.firstPoll
    let deadline = ContinuousClock.now + .seconds(600)
    while true {
      let response = try await get(handle, partition: partition)
      guard response.status != 200 else { return response }
      let error = SnowflakeError(status: response.status, code: "390505")
      let asked = response.headers["Retry-After"].flatMap {
        RetryAfter.parse($0, now: world.now())
      }
      response.body.cancel()
      guard ContinuousClock.now < deadline else { throw error }
      try await Task.sleep(for: min(asked ?? delay, .seconds(60)))
      delay = min(delay * 2, Self.longestPoll)
    }
  }

  /// Sends until an answer of `takes` comes. A refused token is made anew once; what may pass is sent
  /// again with back-off.
  /// - Parameter isLast: it is sent although the session is closed.
  /// - Throws: `SnowflakeError`, `FetchError`, `CancellationError`, the vault's `Failure`.
  private func send(
    takes statuses: Set<Int>,
    policy: FetchRetryPolicy? = nil,
    isLast: Bool = false,
    _ make: (_ isRetry: Bool) throws -> HTTPRequest
  ) async throws -> HTTPResponse {
    let policy = policy ?? self.policy
    let start = ContinuousClock.now
    var attempts = 0
    var isRetry = false
    var mayHaveArrived = false
    var refusal: SnowflakeError?
    var hasTurned = false
    while true {
      if work.isClosed, !isLast { throw SnowflakeWork.closed }
      let token = try await login.token()
      var request = try make(isRetry)
      try request.headers.add(
        "Authorization",
        "Bearer \(String(decoding: token.token, as: UTF8.self))"
      )
      try request.headers.add("X-Snowflake-Authorization-Token-Type", "KEYPAIR_JWT")
      try request.headers.add("Accept", "application/json")
      let outcome: FetchRetryPolicy.Outcome
      let problem: any Error
      do {
        let response = try await client.send(request)
        if statuses.contains(response.status) {
          if hasTurned { try await login.prove(token.version) }
          return response
        }
        let date = response.headers["Date"]
        let error = SnowflakeError(
          status: response.status,
          body: try await response.collect(limit: Self.smallBody)
        )
        if error.status == 401 {
          await login.refused(token)
          // Once it is made anew; then the other keys that can sign have one try each.
          guard let first = refusal else {
            refusal = skewed(error, date: date)
            continue
          }
          guard error.isOfLogin, try await login.turn(from: token) else { throw first }
          hasTurned = true
          continue
        }
        guard error.isTransient else { throw error }
        problem = error
        mayHaveArrived = mayHaveArrived || error.status != 429
        outcome = .status(
          policy.statuses.contains(error.status) ? error.status : 503,
          retryAfter: response.headers["Retry-After"]
        )
      } catch var error as FetchError {
        mayHaveArrived = mayHaveArrived || error.mayHaveArrived
        error.mayHaveArrived = mayHaveArrived
        problem = error
        outcome = .failure(error)
      }
      attempts += 1
      let decision = policy.decide(
        outcome,
        .init(
          attempts: attempts,
          elapsed: ContinuousClock.now - start,
          isIdempotent: true,
          now: world.now(),
          random: .random(in: .min ... .max)
        )
      )
      guard case .retry(let delay) = decision else { throw problem }
      isRetry = true
      try await Task.sleep(for: delay)
    }
  }

  /// Says so where the clocks differ by what a token may not bear.
  private func skewed(_ error: SnowflakeError, date: String?) -> SnowflakeError {
    let now = world.now()
    guard let server = date.flatMap({ HTTPDate.parse($0, now: now) }) else { return error }
    let seconds = (now.nanoseconds - server.nanoseconds) / 1_000_000_000
    guard abs(seconds) > 30 else { return error }
    var error = error
    error.message +=
      " This machine's clock is \(abs(seconds)) s \(seconds > 0 ? "ahead of" : "behind") the server's."
    return error
  }

  /// Cancels what the server may still be working at, and ends every transfer. Never throws.
  func close() async {
    await cancel(work.close())
    client.shutDown()
  }

  /// In a task of its own: who closes may be cancelled already, and the warehouse would go on and cost.
  private func cancel(_ left: SnowflakeWork.Left) async {
    guard !left.running.isEmpty || !left.unanswered.isEmpty else { return }
    await Task {
      await withDiscardingTaskGroup { group in
        for handle in left.running { group.addTask { await self.cancel(handle) } }
        for (requestID, statement) in left.unanswered {
          group.addTask {
            guard let handle = await self.handle(of: statement, requestID) else { return }
            await self.cancel(handle)
          }
        }
      }
    }.value
  }

  private func cancel(_ handle: String) async {
    // What has ended meanwhile, or is not known, needs no cancelling (000709).
    _ = try? await send(takes: [200, 422], policy: Self.lastPolicy, isLast: true) { _ in
      var request = HTTPRequest(
        .post,
        try settings.origin.replacing(target: "\(Self.path)/\(handle)/cancel")
      )
      request.isIdempotent = true
      request.timeouts = FetchTimeouts(whole: Self.cancelTimeout)
      return request
    }
  }

  /// What the server calls a statement whose answer did not come: it is asked again, and answers for the
  /// first execution (warehouses.md, A.8). nil where it is over, or where no answer comes in time.
  private func handle(of statement: SnowflakeStatement, _ requestID: String) async -> String? {
    let response = try? await send(takes: [200, 202], policy: Self.lastPolicy, isLast: true) { _ in
      var request = try submission(of: statement, requestID, isRetry: true, isAsynchronous: true)
      request.timeouts = FetchTimeouts(whole: Self.cancelTimeout)
      return request
    }
    guard let response, response.status == 202,
      let answer = try? await response.collect(limit: Self.smallBody),
      let handle = JSONValue(answer)?["statementHandle"]?.string, Self.isHandle(handle)
    else { return nil }
    return handle
  }

  /// It goes into a path.
  static func isHandle(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        (48...57).contains($0) || (97...122).contains($0 | 0x20) || $0 == 0x2d
      }
  }
}
