import Glibc
import ServiceRuntime

/// The loopback ports of the services, the same at every start.
struct ServicePorts: Sendable, Equatable {
  private var ports: [ServiceRole: Int] = [:]

  subscript(role: ServiceRole) -> HostPort {
    HostPort(host: "127.0.0.1", port: ports[role] ?? 0)
  }

  /// Takes the remembered ports, and free ones for what is not remembered or taken by others.
  /// - Parameter moved: told of each port that had to be given up.
  static func choose(file: String, moved: (ServiceRole, Int) -> Void) async throws -> ServicePorts {
    let remembered = read(file)
    var result = ServicePorts()
    for role in ServiceRole.allCases {
      if let port = remembered.ports[role], !result.ports.values.contains(port) {
        if await becomesFree(port) {
          result.ports[role] = port
          continue
        }
        moved(role, port)
      }
      repeat {
        guard let port = LoopbackPort.free() else {
          throw CommandFailure("there is no free port on 127.0.0.1", exit: .failure)
        }
        result.ports[role] = port
      } while Set(result.ports.values).count < result.ports.count
    }
    if result != remembered {
      do {
        try RegularFile.write(Array(result.text.utf8), to: file)
      } catch {
        throw CommandFailure("\(error)", exit: .failure)
      }
    }
    return result
  }

  /// The services of a `sluice dev` that was killed need a moment to notice it.
  private static func becomesFree(_ port: Int) async -> Bool {
    for _ in 0..<50 {
      if LoopbackPort.isFree(port) { return true }
      if (try? await Task.sleep(for: .milliseconds(100))) == nil { return false }
    }
    return false
  }

  private var text: String {
    ServiceRole.allCases.map { "\($0.rawValue) \(self[$0].port)\n" }.joined()
  }

  /// Whatever is not understood is as good as forgotten.
  private static func read(_ file: String) -> ServicePorts {
    var result = ServicePorts()
    guard let bytes = try? RegularFile.read(file, limit: 4096) else { return result }
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2, let role = ServiceRole(rawValue: String(words[0])),
        let port = Int(words[1]), (1...65535).contains(port)
      {
        result.ports[role] = port
      }
    }
    return result
  }
}

/// Asks the system about ports on 127.0.0.1.
enum LoopbackPort {
  static func free() -> Int? { bound(to: 0) }
  static func isFree(_ port: Int) -> Bool { bound(to: port) == port }

  /// The port that a socket could be bound to; the socket is closed again.
  private static func bound(to port: Int) -> Int? {
    guard let wanted = UInt16(exactly: port) else { return nil }
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // As the services' listeners: a connection that ended lately does not hold the port.
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = wanted.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    // Safety: sockaddr_in is a sockaddr by its first field; both calls stay inside `length` bytes.
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
      }
    }
    return isBound ? Int(UInt16(bigEndian: address.sin_port)) : nil
  }
}
