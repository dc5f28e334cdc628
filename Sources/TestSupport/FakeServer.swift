import Glibc
import Synchronization

/// A TCP server on loopback that accepts, sends what it was told to send after the client's first
/// bytes, and then says no more: for servers that misbehave.
public final class FakeServer: Sendable {
  public let port: Int
  private let listener: Int32
  private let accepted = Mutex<[Int32]>([])
  private let answer: [UInt8]
  private let closes: Bool

  /// - Parameters:
  ///   - answer: sent once the client has sent something.
  ///   - closes: whether the connection is closed then, or left open in silence.
  public init(answer: [UInt8] = [], closes: Bool = false) throws {
    self.answer = answer
    self.closes = closes
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard listener >= 0 else { throw SystemError("socket") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = self.listener
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(listener, pointer, length) == 0 && listen(listener, 16) == 0
          && getsockname(listener, pointer, &length) == 0
      }
    }
    guard isListening else { throw SystemError("listen") }
    port = Int(UInt16(bigEndian: address.sin_port))
    startThread()
  }

  /// Closes everything; the thread ends with its `accept`.
  public func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    accepted.withLock { descriptors in
      for descriptor in descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }
  }

  private func startThread() {
    var thread = pthread_t()
    let retained = Unmanaged.passRetained(self)
    pthread_create(
      &thread,
      nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<FakeServer>.fromOpaque(argument).takeRetainedValue().serve()
        return nil
      },
      retained.toOpaque()
    )
    pthread_detach(thread)
  }

  private func serve() {
    while true {
      let client = accept(listener, nil, nil)
      guard client >= 0 else { break }
      accepted.withLock { $0.append(client) }
      var bytes = [UInt8](repeating: 0, count: 1024)
      guard recv(client, &bytes, bytes.count, 0) > 0 else { continue }
      if !answer.isEmpty { send(client, answer, answer.count, Int32(MSG_NOSIGNAL)) }
      if closes { shutdown(client, Int32(SHUT_RDWR)) }
    }
    close(listener)
    accepted.withLock { descriptors in
      for descriptor in descriptors { close(descriptor) }
      descriptors = []
    }
  }
}
