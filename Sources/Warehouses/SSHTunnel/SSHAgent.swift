import Glibc
import SyncModel
import Synchronization
import SystemThread
import Warehouse

/// An SSH agent whose one key is in the vault: `ssh` asks it for a signature, and it asks the vault.
///
/// It listens on a Unix socket in a folder that only this user can enter, and only until `ssh` is in.
/// One connection at a time, on a thread of its own.
final class SSHAgent: Sendable {
  private let key: [UInt8]
  private let signer: any WarehouseSigner
  private let listener: Int32
  private let stop: EventDescriptor
  private let lastFailure = Mutex<Failure?>(nil)

  /// How long the vault may take for a signature.
  private static let patience: Int32 = 30_000

  /// - Parameter path: where the socket goes; at most 107 bytes.
  /// - Throws: `Failure` `ssh_unavailable`.
  init(path: String, key: [UInt8], signer: any WarehouseSigner) throws(Failure) {
    self.key = key
    self.signer = signer
    guard let stop = EventDescriptor(), let listener = Self.listen(path) else {
      throw Failure(
        "ssh_unavailable",
        "no socket could be made for ssh at \(path): \(String(cString: strerror(errno)))",
        recovery: .retry
      )
    }
    self.stop = stop
    self.listener = listener
    let agent = self
    guard DetachedThread.start(name: "ssh-agent", { agent.serve() }) == 0 else {
      Glibc.close(listener)
      throw Failure("ssh_unavailable", "the system has no thread left for ssh", recovery: .retry)
    }
  }

  /// Why the vault did not sign, where it was asked and did not.
  var failure: Failure? { lastFailure.withLock { $0 } }

  /// Ends the thread; never blocks.
  func close() { stop.raise() }

  // MARK: On the thread

  private func serve() {
    defer { Glibc.close(listener) }
    while wait(for: listener, events: POLLIN) {
      guard let client = Descriptors.accept(listener) else { continue }
      serve(client)
      Glibc.close(client)
    }
  }

  private func serve(_ client: Int32) {
    while let head = read(4, from: client), let length = SSHAgentMessage.length(head),
      let body = read(length, from: client), write(answer(to: body), to: client)
    {}
  }

  private func answer(to body: [UInt8]) -> [UInt8] {
    switch SSHAgentMessage.request(body) {
    case .identities: SSHAgentMessage.identities(key)
    case .sign(let key, let data):
      if key == self.key, let signature = sign(data) {
        SSHAgentMessage.signature(signature)
      } else {
        SSHAgentMessage.failure
      }
    case .other: SSHAgentMessage.failure
    }
  }

  /// Asks the vault and waits, on this thread, which is nobody else's.
  private func sign(_ data: [UInt8]) -> [UInt8]? {
    guard let answered = EventDescriptor() else { return nil }
    let result = Answer()
    let task = Task { [signer] in
      do {
        let signature = try await signer.sshSignature(of: data)
        result.set(.success(signature))
      } catch {
        result.set(.failure(error))
      }
      answered.raise()
    }
    guard wait(for: answered.descriptor, events: POLLIN, atMost: Self.patience) else {
      task.cancel()
      lastFailure.withLock {
        $0 = Failure("vault_timeout", "the vault did not sign in time", recovery: .retry)
      }
      return nil
    }
    switch result.value {
    case .success(let signature): return signature
    case .failure(let error):
      lastFailure.withLock { $0 = error as? Failure }
      return nil
    case nil: return nil
    }
  }

  private final class Answer: Sendable {
    private let result = Mutex<Result<[UInt8], any Error>?>(nil)
    var value: Result<[UInt8], any Error>? { result.withLock { $0 } }
    func set(_ value: Result<[UInt8], any Error>) { result.withLock { $0 = value } }
  }

  /// False when the agent is closed, the time is up, or the system has an error.
  private func wait(for descriptor: Int32, events: Int32, atMost milliseconds: Int32 = -1) -> Bool {
    var descriptors = [
      pollfd(fd: descriptor, events: Int16(events), revents: 0),
      pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      let count = poll(&descriptors, 2, milliseconds)
      if count < 0, errno == EINTR { continue }
      return count > 0 && descriptors[1].revents == 0
    }
  }

  private func read(_ count: Int, from client: Int32) -> [UInt8]? {
    var bytes: [UInt8] = []
    while bytes.count < count {
      guard wait(for: client, events: POLLIN) else { return nil }
      var chunk = [UInt8](repeating: 0, count: count - bytes.count)
      let got = Glibc.read(client, &chunk, chunk.count)
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { return nil }
      bytes += chunk.prefix(got)
    }
    return bytes
  }

  private func write(_ bytes: [UInt8], to client: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      guard wait(for: client, events: POLLOUT) else { return false }
      // A client that is gone is an error here, not a signal.
      let sent = rest.withUnsafeBytes {
        send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if sent < 0, errno == EINTR { continue }
      guard sent > 0 else { return false }
      rest = rest.dropFirst(sent)
    }
    return true
  }

  private static func listen(_ path: String) -> Int32? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    // One byte stays for the end.
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      errno = ENAMETOOLONG
      return nil
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC | O_NONBLOCK, 0)
    guard descriptor >= 0 else { return nil }
    // Safety: sockaddr_un is a sockaddr by its first field; bind stays inside its size.
    let isBound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    guard isBound, Glibc.listen(descriptor, 4) == 0 else {
      let reason = errno
      Glibc.close(descriptor)
      errno = reason
      return nil
    }
    return descriptor
  }
}
