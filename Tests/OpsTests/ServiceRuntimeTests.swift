import Logging
import SyncModel
import Synchronization
import Testing

@testable import ServiceRuntime

/// What a process takes from its environment, and what it says about what is wrong there.
@Suite struct ServiceRuntimeTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func file(_ name: String, _ text: String) throws -> String {
    let path = directory.path + "/" + name
    try RegularFile.write(Array(text.utf8), to: path)
    return path
  }

  private func message(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return (error as? StartupError)?.message ?? "\(error)"
    }
  }

  @Test func `flags win over variables, variables over the files that they name`() throws {
    let path = try file("value", "from file\n")
    let environment = ["A": "from variable", "A_FILE": path, "B_FILE": path, "C": ""]
    let settings = Settings(environment: environment, flags: ["D": "flag"])
    #expect(try settings.text("A") == "from variable")
    #expect(try settings.text("B") == "from file")
    #expect(try settings.text("C") == nil)
    #expect(try settings.text("D") == "flag")
    let other = Settings(environment: environment, flags: ["A": "flag"])
    #expect(try other.text("A") == "flag")
  }

  @Test func `a complete configuration is read`() throws {
    let pem = try file("pem", "x")
    let configuration = try ServiceConfiguration(
      Settings(environment: [
        "SLUICE_LISTEN": "[::1]:0", "SLUICE_DATA": directory.path, "SLUICE_TLS_CERT": pem,
        "SLUICE_TLS_KEY": pem, "SLUICE_TLS_CA": pem, "SLUICE_LOG_LEVEL": "DEBUG",
      ])
    )
    #expect(configuration.listen == HostPort(host: "::1", port: 0))
    #expect(configuration.logLevel == .debug)
  }

  @Test func `a service that heeds SLUICE_STORE needs no directory beside it`() throws {
    let pem = try file("pem", "x")
    let settings = Settings(environment: [
      "SLUICE_LISTEN": "[::1]:0", "SLUICE_STORE": "postgresql://u@h/d", "SLUICE_TLS_CERT": pem,
      "SLUICE_TLS_KEY": pem, "SLUICE_TLS_CA": pem,
    ])
    #expect(try ServiceConfiguration(settings, mayStoreElsewhere: true).data == "")
    #expect(message { _ = try ServiceConfiguration(settings) }?.hasPrefix("SLUICE_DATA") == true)
  }

  @Test func `what is missing or wrong is named with how to give it`() throws {
    let pem = try file("pem", "x")
    var environment: [String: String] = [:]
    func problem() -> String? {
      message { _ = try ServiceConfiguration(Settings(environment: environment)) }
    }
    #expect(
      problem()
        == "SLUICE_LISTEN is not set; it is the host:port to listen on (or give --listen)"
    )
    environment["SLUICE_LISTEN"] = "localhost"
    #expect(problem() == "SLUICE_LISTEN must be host:port, not \"localhost\"")
    environment["SLUICE_LISTEN"] = "localhost:1"
    environment["SLUICE_DATA"] = directory.path
    environment["SLUICE_TLS_CERT"] = "/nonexistent"
    #expect(problem() == "SLUICE_TLS_CERT: cannot read /nonexistent: no such file or directory")
    for name in ["SLUICE_TLS_CERT", "SLUICE_TLS_KEY", "SLUICE_TLS_CA"] { environment[name] = pem }
    environment["SLUICE_LOG_LEVEL"] = "loud"
    #expect(
      problem()
        == "SLUICE_LOG_LEVEL must be one of trace, debug, info, notice, warning, error, critical, not \"loud\""
    )
  }

  @Test func `a service's command line`() throws {
    let names = ["SLUICE_LISTEN", "SLUICE_MASTER_KEY_FILE"]
    let parsed = try ServiceArguments(
      ["--listen", "a:1", "--master-key-file=/k=1", "--exit-with-parent", "0"],
      settings: names
    )
    #expect(parsed.flags == ["SLUICE_LISTEN": "a:1", "SLUICE_MASTER_KEY_FILE": "/k=1"])
    #expect(parsed.parentDescriptor == 0)
    #expect(parsed.action == .serve)
    #expect(try ServiceArguments(["--healthcheck"], settings: []).action == .healthcheck)
    #expect(try ServiceArguments(["--version"], settings: []).action == .version)
    for wrong in [["--fish"], ["--listen"], ["x"], ["--exit-with-parent", "-1"]] {
      #expect(throws: StartupError.self) { _ = try ServiceArguments(wrong, settings: names) }
    }
  }

  @Test(arguments: [
    ("127.0.0.1:80", "127.0.0.1", 80), ("[::1]:65535", "::1", 65535), ("vault:0", "vault", 0),
    (":7070", "0.0.0.0", 7070),
  ]) func `addresses are host and port`(_ text: String, _ host: String, _ port: Int) {
    #expect(HostPort(text) == HostPort(host: host, port: port))
  }

  @Test(arguments: [
    "", "host", "host:", "host:x", "host:65536", "host:-1", "::1:80", "[host]:1", "a b:1",
    "host:+1", "http://host:1", "host:1 ",
  ]) func `what is no address is refused`(_ text: String) {
    #expect(HostPort(text) == nil)
  }

  @Test func `a log line is one JSON object with constant message and metadata`() {
    let lines = Mutex("")
    let handler = JSONLinesLogHandler(
      service: "sluice-vault",
      level: .info,
      now: { Timestamp(nanoseconds: 1_500_000_000) }
    ) { bytes in lines.withLock { $0 += String(decoding: bytes, as: UTF8.self) } }
    var logger = Logger(label: "x") { _ in handler }
    logger[metadataKey: "run.id"] = "7"
    logger.debug("not shown")
    logger.info(
      "said \"it\"\n",
      metadata: ["rpc.path": "/a/b", "list": ["x", .dictionary(["k": "v"])], "run.id": "8"]
    )
    #expect(
      lines.withLock { $0 }
        == #"{"time":"1970-01-01T00:00:01.5Z","level":"info","service":"sluice-vault","#
        + #""message":"said \"it\"\n","list":["x",{"k":"v"}],"rpc.path":"/a/b","run.id":"8"}"#
        + "\n"
    )
  }

  @Test func `ids are UUIDs of version 4, and no two are equal`() {
    #expect(
      World.uuid(from: [UInt8](repeating: 0xFF, count: 16))
        == "ffffffff-ffff-4fff-bfff-ffffffffffff"
    )
    #expect(
      World.uuid(from: [UInt8](repeating: 0, count: 16)) == "00000000-0000-4000-8000-000000000000"
    )
    let world = World.live
    #expect(Set((0..<1000).map { _ in world.newID() }).count == 1000)
    #expect(world.now() > Timestamp(nanoseconds: 1_700_000_000_000_000_000))
  }

  @Test func `a file is replaced in one step, for its owner only`() throws {
    let path = try file("a", "one")
    try RegularFile.write(Array("two".utf8), to: path)
    #expect(try RegularFile.read(path) == Array("two".utf8))
    #expect(TemporaryDirectory.permissions(path) == 0o600)
    #expect(!RegularFile.exists(path + ".new"))
    #expect(throws: FileError.self) { try RegularFile.read(path, limit: 2) }
    #expect(throws: FileError.self) { try RegularFile.write([], to: "/nonexistent/x") }
    #expect(throws: FileError.self) { try RegularFile.read(directory.path) }
  }
}
