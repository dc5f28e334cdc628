// gRPC's interoperability cases on the public API, for Tests/Integration/test_interop.py:
//   interop server [CERTIFICATE KEY AUTHORITY]
//   interop client PORT CASE [CERTIFICATE KEY AUTHORITY]
//   interop spread HOST PORT [CERTIFICATE KEY AUTHORITY]
// The server prints its port, and ends with its standard input; each line of that it answers with two
// numbers: how many handlers were started so far, and how many ran at once at most. The client's exit
// code says whether the case passed; what was wrong is on standard error. For spread see Spread.swift.
import Glibc
import Logging
import RPC

let logger = Logger(label: "interop") { _ in SwiftLogNoOpLogHandler() }
let arguments = Array(CommandLine.arguments.dropFirst())

func tls(_ files: ArraySlice<String>) -> TLSConfiguration? {
  let files = Array(files)
  guard files.count == 3 else { return nil }
  return TLSConfiguration(
    certificateChainFile: files[0],
    privateKeyFile: files[1],
    trustRootsFile: files[2]
  )
}

func say(_ line: String, to descriptor: Int32) {
  let bytes = Array("\(line)\n".utf8)
  _ = write(descriptor, bytes, bytes.count)
}

func fail(_ message: String, _ code: Int32) -> Never {
  say("interop: \(message)", to: STDERR_FILENO)
  exit(code)
}

func serve() async throws {
  let counts = HandlerCounts()
  let server = HTTP2Server(
    host: "127.0.0.1",
    port: 0,
    tls: tls(arguments.dropFirst()),
    router: RPCRouter([TestService()]).intercepted(by: counts),
    logger: logger
  )
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await server.run() }
    say(String(try await server.boundPort), to: STDOUT_FILENO)
    for await _ in standardInput() { say(counts.line, to: STDOUT_FILENO) }
    group.cancelAll()
  }
}

/// An element for each line; it ends with the input.
func standardInput() -> AsyncStream<Void> {
  let (lines, line) = AsyncStream.makeStream(of: Void.self)
  // A thread of its own may wait for the next byte.
  startThread {
    var byte: UInt8 = 0
    while read(STDIN_FILENO, &byte, 1) > 0 {
      if byte == UInt8(ascii: "\n") { line.yield() }
    }
    line.finish()
  }
  return lines
}

func startThread(_ body: @escaping @Sendable () -> Void) {
  final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var thread = pthread_t()
  // Safety: the thread takes the one reference that is passed to it.
  let work = Unmanaged.passRetained(Work(body)).toOpaque()
  pthread_create(
    &thread,
    nil,
    { pointer in
      guard let pointer else { return nil }
      Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().body()
      return nil
    },
    work
  )
}

func call(port: Int, _ run: InteropCases.Case) async throws {
  let secured = tls(arguments.dropFirst(3))
  let transport = HTTP2ClientTransport(
    host: secured == nil ? "127.0.0.1" : "localhost",
    port: port,
    tls: secured,
    logger: logger
  )
  do {
    try await run(InteropCases(client: RPCClient(transport: transport)))
    await transport.close()
  } catch {
    await transport.close()
    throw error
  }
}

do {
  switch arguments.first {
  case "server": try await serve()
  case "client" where arguments.count >= 3:
    guard let port = Int(arguments[1]) else { fail("\(arguments[1]) is no port", 2) }
    guard let run = InteropCases.all[arguments[2]] else { fail("no case \(arguments[2])", 2) }
    try await call(port: port, run)
  case "spread" where arguments.count >= 3:
    guard let port = Int(arguments[2]) else { fail("\(arguments[2]) is no port", 2) }
    try await spread(host: arguments[1], port: port, tls: tls(arguments.dropFirst(3)))
  default: fail("say server, client PORT CASE, or spread HOST PORT", 2)
  }
} catch {
  fail("\(error)", 1)
}
