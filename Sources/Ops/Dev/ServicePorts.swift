import Loopback
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
    // As the services' listeners: a connection that ended lately does not hold the port.
    guard let socket = LoopbackSocket(port: port, reusesAddress: true) else { return nil }
    return socket.port
  }
}
