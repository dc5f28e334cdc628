/// Returns when something is so; asks again whenever the other tasks have had their turn.
/// - Throws: what `isSo` throws, and `CancellationError` when the test's time is over: what hangs ends
///   with its test.
public func until(_ isSo: () async throws -> Bool) async throws {
  while try await !isSo() {
    try Task.checkCancellation()
    await Task.yield()
  }
}
