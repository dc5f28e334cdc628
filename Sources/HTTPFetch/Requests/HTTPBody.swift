/// A response's body as it comes, decoded. One reader at a time; what is not read holds the peer up.
///
/// The transfer ends when the body is let go of, when the reading task is cancelled (`next` then
/// throws `CancellationError`), and by `cancel`.
public final class HTTPBody: Sendable, AsyncSequence {
  public typealias Element = [UInt8]

  private let pipe: BodyPipe
  private let transfer: HTTPTransfer
  private let thread: CurlThread

  init(pipe: BodyPipe, transfer: HTTPTransfer, thread: CurlThread) {
    self.pipe = pipe
    self.transfer = transfer
    self.thread = thread
  }

  deinit { cancel() }

  /// The bytes that have come since the last call, at least one; nil at the end.
  /// - Throws: `FetchError` (`truncated`, `connectionLost`, `timeout`, `bodyTooLarge`, `badEncoding`),
  ///   the same at every further call.
  public func next() async throws -> [UInt8]? {
    try await withTaskCancellationHandler {
      let taken = try await pipe.next()
      if taken.resumes { thread.resume(transfer) }
      return taken.bytes
    } onCancel: {
      cancel()
    }
  }

  /// Ends the transfer; its connection is closed unless the body was complete.
  public func cancel() {
    guard pipe.abandon() else { return }
    thread.cancel(transfer)
  }

  public func makeAsyncIterator() -> Iterator { Iterator(body: self) }

  public struct Iterator: AsyncIteratorProtocol {
    let body: HTTPBody

    public mutating func next() async throws -> [UInt8]? { try await body.next() }
  }
}
