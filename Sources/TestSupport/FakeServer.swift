import Glibc
import Loopback
import Synchronization
import SystemThread

/// A TCP server on loopback that accepts, sends what it was told to send after the client's first
/// bytes, and then says no more: for servers that misbehave.
public final class FakeServer: Sendable {
  public let port: Int
  private let listener: LoopbackSocket
  private let accepted = Mutex<[Int32]>([])
  private let answer: [UInt8]
  private let closes: Bool

  /// - Parameters:
  ///   - answer: sent once the client has sent something.
  ///   - closes: whether the connection is closed then, or left open in silence.
  public init(answer: [UInt8] = [], closes: Bool = false) throws {
    self.answer = answer
    self.closes = closes
    guard let listener = LoopbackSocket(), listener.listen() else { throw SystemError("listen") }
    port = listener.port
    self.listener = listener
    startThread()
  }

  /// Closes everything; the thread ends with its `accept`.
  public func stop() {
    shutdown(listener.descriptor, Int32(SHUT_RDWR))
    accepted.withLock { descriptors in
      for descriptor in descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }
  }

  private func startThread() {
    _ = DetachedThread.start { self.serve() }
  }

  private func serve() {
    while true {
      let client = accept(listener.descriptor, nil, nil)
      guard client >= 0 else { break }
      accepted.withLock { $0.append(client) }
      var bytes = [UInt8](repeating: 0, count: 1024)
      guard recv(client, &bytes, bytes.count, 0) > 0 else { continue }
      if !answer.isEmpty { send(client, answer, answer.count, Int32(MSG_NOSIGNAL)) }
      if closes { shutdown(client, Int32(SHUT_RDWR)) }
    }
    accepted.withLock { descriptors in
      for descriptor in descriptors { close(descriptor) }
      descriptors = []
    }
  }
}
