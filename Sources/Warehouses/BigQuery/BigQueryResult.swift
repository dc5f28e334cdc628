import HTTPFetch
import SyncModel
import Warehouse

/// The stored result of a finished job: a page of it may be asked for at any row, any number of times.
struct BigQueryResult: Sendable {
  let job: BigQueryJob
  let shape: BigQueryPage.Shape
  let totalRows: Int64
  /// The page that came with the job's end.
  let first: BigQueryRange
  private let api: BigQueryAPI

  /// Rows of the first page: little where little changed.
  private static let firstRows: Int64 = 5000
  /// How long one call waits for the job's end.
  private static let patience = Duration.seconds(10)
  /// A result may skip pages, but not for ever.
  private static let emptyPages = 1000

  /// Starts a job and waits for its end. One that BigQuery itself broke is started once more.
  ///
  /// - Parameter started: called with every job before it is waited for.
  /// - Throws: `BigQueryError`, `Failure`, `CancellationError`.
  init(
    _ query: BigQueryQuery,
    shape: BigQueryPage.Shape,
    api: BigQueryAPI,
    started: @Sendable (BigQueryJob) -> Void
  ) async throws {
    var isSecond = false
    while true {
      let job = try await BigQueryJob.start(query, api: api)
      started(job)
      do {
        let page = try await Self.end(of: job, shape: shape, api: api)
        guard let total = page.totalRows, total >= 0 else {
          throw BigQueryFailure.badAnswer("a result of \(query.source) without totalRows")
        }
        (self.job, self.shape, self.api) = (job, shape, api)
        (totalRows, first) = (total, BigQueryRange(page))
        break
      } catch let error as BigQueryError where error.remedy == .newJob && !isSecond {
        isSecond = true
      }
    }
    // Before a row is handed out: the position must not pass what may be missing.
    guard first.rowCount <= totalRows, first.rowCount == totalRows || first.pageToken != nil else {
      throw mismatch(first.rowCount)
    }
    if first.rowCount == totalRows { try await proveEnd(first.pageToken) }
  }

  private static func end(
    of job: BigQueryJob,
    shape: BigQueryPage.Shape,
    api: BigQueryAPI
  ) async throws -> BigQueryPage {
    while true {
      let page = try await read(
        job,
        [
          ("timeoutMs", "\(patience.components.seconds * 1000)"),
          ("maxResults", "\(firstRows)"),
        ],
        shape,
        api
      )
      if page.isComplete { return page }
      // A server that does not wait is not asked without end.
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  /// Rows `start` to `start + count`, from as many pages as they come in.
  func rows(from start: Int64, count: Int64) async throws -> BigQueryRange {
    var range = BigQueryRange()
    var token: String?
    var empty = 0
    while range.rowCount < count {
      let place =
        token.map { ("pageToken", $0) } ?? ("startIndex", "\(start + range.rowCount)")
      let page = try await Self.read(
        job,
        [place, ("maxResults", "\(count - range.rowCount)")],
        shape,
        api
      )
      guard page.totalRows == nil || page.totalRows == totalRows else {
        throw BigQueryFailure.badAnswer(
          "the result of \(job.source) had \(totalRows) rows and now has \(page.totalRows ?? 0)"
        )
      }
      range.add(page)
      empty = page.rowCount == 0 ? empty + 1 : 0
      token = page.pageToken
      if range.rowCount < count, token == nil || empty > Self.emptyPages {
        throw mismatch(start + range.rowCount)
      }
    }
    guard range.rowCount == count else { throw mismatch(start + range.rowCount) }
    if start + count == totalRows { try await proveEnd(token) }
    return range
  }

  /// All announced rows have come: what a token still leads to must be empty.
  private func proveEnd(_ token: String?) async throws {
    var token = token
    for _ in 0..<Self.emptyPages {
      guard let place = token else { return }
      let page = try await Self.read(
        job,
        [("pageToken", place), ("maxResults", "1")],
        shape,
        api
      )
      guard page.rowCount == 0 else { throw mismatch(totalRows + page.rowCount) }
      token = page.pageToken
    }
    throw mismatch(totalRows)
  }

  private func mismatch(_ rows: Int64) -> Failure {
    Failure(
      "row_count_mismatch",
      "BigQuery announced \(totalRows) rows of \(job.source) and gave \(rows); the run ends, and the next "
        + "one reads on from the last range that was whole",
      recovery: .failRun
    )
  }

  /// One page. A body that breaks off, or that gzip does not recognise, is fetched again.
  private static func read(
    _ job: BigQueryJob,
    _ query: [(name: String, value: String)],
    _ shape: BigQueryPage.Shape,
    _ api: BigQueryAPI
  ) async throws -> BigQueryPage {
    let call = BigQueryAPI.Call(
      method: .get,
      path: "\(URLText.encoded(job.project))/queries/\(job.id)",
      query: [
        ("location", job.location), ("formatOptions.useInt64Timestamp", "true"),
        ("fields", "jobReference,jobComplete,totalRows,pageToken,rows"),
      ] + query,
      purpose: "reading \(job.source)"
    )
    return try await api.perform(call) { response in
      var page = BigQueryPage(shape)
      var tokenizer = JSONTokenizer()
      do {
        for try await piece in response.body {
          try piece.withUnsafeBytes { try tokenizer.feed($0, &page) }
        }
        try tokenizer.finish()
      } catch let problem as JSONTokenizer.Problem {
        // A body that was damaged on the way is as good as one that broke off.
        throw FetchError(.badEncoding, "a page of \(job.source) is no JSON: \(problem)")
      } catch let problem as BigQueryPage.Problem {
        // Damaged bytes may look like JSON for a while: gzip's checksum, behind the last of them, tells.
        while try await response.body.next() != nil {}
        throw problem.failure(job.source)
      }
      page.finish()
      return page
    }
  }
}

/// Rows in a row, of one page or several.
struct BigQueryRange: Sendable {
  private(set) var batches: [RowBatch] = []
  private(set) var texts: [[String?]] = []
  private(set) var rowCount: Int64 = 0
  private(set) var byteCount = 0
  private(set) var rowsWithoutUpdatedAt: Int64 = 0
  /// Of the page that came last.
  private(set) var pageToken: String?

  init() {}

  init(_ page: BigQueryPage) { add(page) }

  mutating func add(_ next: BigQueryRange) {
    batches += next.batches
    texts += next.texts
    rowCount += next.rowCount
    byteCount += next.byteCount
    rowsWithoutUpdatedAt = max(rowsWithoutUpdatedAt, next.rowsWithoutUpdatedAt)
    pageToken = next.pageToken
  }

  mutating func add(_ page: BigQueryPage) {
    batches += page.batches
    texts += page.texts
    rowCount += page.rowCount
    byteCount += page.byteCount
    rowsWithoutUpdatedAt = max(rowsWithoutUpdatedAt, page.rowsWithoutUpdatedAt)
    pageToken = page.pageToken
  }
}

extension BigQueryPage.Problem {
  func failure(_ source: String) -> Failure {
    switch self {
    case .timestamp(let row, isFloat: true):
      Failure(
        "bad_updated_at",
        "BigQuery wrote UPDATED_AT of \(source) as a floating-point number (row \(row) of a page), "
          + "which has lost digits; the run ends rather than round",
        recovery: .failRun
      )
    case .timestamp(let row, isFloat: false):
      Failure(
        "bad_updated_at",
        "BigQuery wrote UPDATED_AT of \(source) in a form that is not known (row \(row) of a page)",
        recovery: .failRun
      )
    case .cell(let row, let what):
      BigQueryFailure.badAnswer("a cell of row \(row) of a page of \(source): \(what)")
    case .width(let row, let cells):
      BigQueryFailure.badAnswer("row \(row) of a page of \(source) has \(cells) cells")
    }
  }
}

extension BigQueryQuery {
  /// The rows as text: for statements with few of them.
  /// - Throws: `Failure`, `CancellationError`.
  func texts(
    width: Int,
    api: BigQueryAPI,
    started: @Sendable (BigQueryJob) -> Void
  ) async throws -> [[String?]] {
    do {
      let result = try await BigQueryResult(
        self,
        shape: .texts(width),
        api: api,
        started: started
      )
      var rows = result.first.texts
      let left = result.totalRows - result.first.rowCount
      if left > 0 {
        rows += try await result.rows(from: result.first.rowCount, count: left).texts
      }
      return rows
    } catch let error as BigQueryError {
      throw api.explained(error, source)
    }
  }
}
