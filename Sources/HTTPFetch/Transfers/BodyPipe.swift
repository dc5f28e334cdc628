import Synchronization

/// Where libcurl's thread and the reader of a body meet: a bounded buffer, and a pause when it is full.
final class BodyPipe: Sendable {
  private struct State {
    var buffer: [UInt8] = []
    var isPaused = false
    var end: Result<Void, any Error>?
    var reader: CheckedContinuation<(bytes: [UInt8]?, resumes: Bool), any Error>?
  }

  private let state = Mutex(State())
  private let capacity: Int

  /// - Parameter capacity: what may wait for the reader, in bytes, and one piece of libcurl's more.
  init(capacity: Int) { self.capacity = capacity }

  /// libcurl's side.
  /// - Returns: false when there is no room: libcurl keeps the piece and offers it again.
  func offer(_ bytes: UnsafeRawBufferPointer) -> Bool {
    state.withLock { state in
      if state.end != nil { return true }
      if let reader = state.reader {
        state.reader = nil
        reader.resume(returning: (Array(bytes), false))
        return true
      }
      guard state.buffer.isEmpty || state.buffer.count + bytes.count <= capacity else {
        state.isPaused = true
        return false
      }
      state.buffer.append(contentsOf: bytes)
      return true
    }
  }

  /// No more bytes. What is buffered is read first; the first end counts.
  func finish(_ end: Result<Void, any Error>) {
    state.withLock { state in
      guard state.end == nil else { return }
      state.end = end
      guard let reader = state.reader else { return }
      state.reader = nil
      switch end {
      case .success: reader.resume(returning: (nil, false))
      case .failure(let error): reader.resume(throwing: error)
      }
    }
  }

  /// The reader's side: nobody wants the rest.
  /// - Returns: whether there was a rest to come.
  func abandon() -> Bool {
    let wasOpen = state.withLock { state in
      // What came and was not read is gone: its end must not say that the body is whole.
      if !state.buffer.isEmpty, state.end != nil { state.end = .failure(CancellationError()) }
      state.buffer = []
      return state.end == nil
    }
    finish(.failure(CancellationError()))
    return wasOpen
  }

  /// `resumes` is true when libcurl was held up and there is room again.
  func next() async throws -> (bytes: [UInt8]?, resumes: Bool) {
    try await withCheckedThrowingContinuation { continuation in
      state.withLock { state in
        if !state.buffer.isEmpty {
          let resumes = state.isPaused
          state.isPaused = false
          continuation.resume(returning: (state.buffer, resumes))
          state.buffer = []
        } else if let end = state.end {
          continuation.resume(with: end.map { (nil, false) })
        } else if state.reader != nil {
          continuation.resume(
            throwing: FetchError(.invalidRequest, "two tasks read one body; give it one reader")
          )
        } else {
          state.reader = continuation
        }
      }
    }
  }
}
