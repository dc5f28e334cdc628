import Glibc
import ServiceRuntime
import Testing

@testable import Ops

/// What `sluice dev` is made of: processes, ports, its directory.
// In sequence: a child that is just being started holds every open file, locks too, until it runs.
@Suite(.serialized) struct DevTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func shell(_ script: String, input: Int32) -> ChildProgram {
    ChildProgram(
      path: "/bin/sh",
      arguments: ["-c", script],
      environment: ["GREETING": "hello"],
      log: directory.path + "/log",
      standardInput: input
    )
  }

  private func log() -> String {
    RegularFile.tail(directory.path + "/log", lines: 10).joined(separator: "|")
  }

  @Test func `a child has the environment that it is given, and its words go to its log`()
    async throws
  {
    let lifeline = try Lifeline()
    defer { lifeline.close() }
    let child = try ChildProcess.start(
      shell("echo $GREETING $HOME.; echo oops >&2; exit 3", input: lifeline.readingEnd)
    )
    #expect(await child.wait() == .exited(3))
    #expect(await child.wait() == .exited(3))
    #expect(log() == "hello .|oops")
    #expect(TemporaryDirectory.permissions(directory.path + "/log") == 0o600)
  }

  @Test func `a child is in a group of its own, so that Ctrl-C reaches us alone`() async throws {
    let lifeline = try Lifeline()
    defer { lifeline.close() }
    let child = try ChildProcess.start(shell("exec sleep 100", input: lifeline.readingEnd))
    #expect(getpgid(child.pid) == child.pid)
    child.signal(SIGTERM)
    #expect(await child.wait() == .killed(SIGTERM))
    // Its number may be somebody else's by now: nothing is sent.
    child.signal(SIGKILL)
  }

  @Test func `a child reads the end of its input when its parent lets go of the pipe`() async throws
  {
    let lifeline = try Lifeline()
    let child = try ChildProcess.start(shell("cat; echo parent gone", input: lifeline.readingEnd))
    #expect(child.ending == nil)
    lifeline.close()
    #expect(await child.wait() == .exited(0))
    #expect(log() == "parent gone")
  }

  @Test func `waiting for a child can be cancelled`() async throws {
    let lifeline = try Lifeline()
    defer { lifeline.close() }
    let child = try ChildProcess.start(shell("exec sleep 100", input: lifeline.readingEnd))
    let waiting = Task { await child.wait() }
    waiting.cancel()
    #expect(await waiting.value == nil)
    child.signal(SIGKILL)
    _ = await child.wait()
  }

  @Test func `a program that is not there is one clear error`() throws {
    var program = shell("", input: STDIN_FILENO)
    program.path = "/nonexistent/sluice-vault"
    #expect {
      _ = try ChildProcess.start(program)
    } throws: { error in
      (error as? CommandFailure)?.messages
        == ["cannot start /nonexistent/sluice-vault: no such file or directory"]
    }
  }

  @Test func `restarts come slower from death to death, and at once after a long life`() {
    var backOff = RestartBackOff()
    let pauses = (0..<9).map { _ in backOff.next(afterRunning: .seconds(1)) }
    #expect(pauses.first == .milliseconds(100))
    #expect(pauses[3] == .milliseconds(800))
    #expect(pauses.last == .seconds(10))
    #expect(backOff.next(afterRunning: .seconds(31)) == .milliseconds(100))
  }

  @Test func `a directory is claimed once, and freed with its holder`() throws {
    let data = try DataDirectory.open(directory.path + "/data")
    #expect(TemporaryDirectory.permissions(data.path) == 0o700)
    let lock = try data.claim()
    #expect {
      _ = try DataDirectory.open(data.path).claim()
    } throws: { error in
      let failure = error as? CommandFailure
      return failure?.exit == .conflict
        && failure?.messages.first
          == "sluice dev is running already on \(data.path) (process \(getpid()))"
    }
    close(lock)
    close(try data.claim())
  }

  @Test func `a directory with somebody else's files is left alone`() throws {
    try RegularFile.write([1], to: directory.path + "/thesis.tex")
    #expect {
      _ = try DataDirectory.open(directory.path)
    } throws: { error in
      (error as? CommandFailure)?.messages.first?.hasSuffix(
        "it is not empty, and it was not made by sluice dev"
      ) == true
    }
    #expect(throws: CommandFailure.self) {
      _ = try DataDirectory.open(directory.path + "/thesis.tex")
    }
    #expect(throws: CommandFailure.self) {
      _ = try DataDirectory.open(directory.path + "/no/such/parent")
    }
  }

  @Test func `keys and certificates are made once, for their owner only`() throws {
    let data = try DataDirectory.open(directory.path + "/data")
    close(try data.claim())
    try data.prepare()
    let key = try RegularFile.read(data.masterKey)
    #expect(key.count == 32)
    let rowKey = try RegularFile.read(data.rowKey)
    #expect(rowKey.count == 32 && rowKey != key)
    let authority = try RegularFile.read(data.certificates.authority)
    for file in [
      data.masterKey, data.rowKey, data.certificates.key("vault"), data.path + "/tls/ca.key",
    ] {
      #expect(TemporaryDirectory.permissions(file) == 0o600, "\(file)")
    }
    try data.prepare()
    #expect(try RegularFile.read(data.masterKey) == key)
    #expect(try RegularFile.read(data.rowKey) == rowKey)
    #expect(try RegularFile.read(data.certificates.authority) == authority)
  }

  @Test func `ports are the same at the next start, unless somebody took one`() async throws {
    let file = directory.path + "/ports"
    var moved: [ServiceRole] = []
    let first = try await ServicePorts.choose(file: file) { role, _ in moved.append(role) }
    #expect(Set(ServiceRole.allCases.map { first[$0].port }).count == 3)
    #expect(try await ServicePorts.choose(file: file) { role, _ in moved.append(role) } == first)
    #expect(moved.isEmpty)
    // Nonsense in the file is as good as no file.
    try RegularFile.write(Array("vault 99999999\nwriter x\n\u{FFFD}".utf8), to: file)
    let second = try await ServicePorts.choose(file: file) { role, _ in moved.append(role) }
    #expect(ServiceRole.allCases.allSatisfy { (1...65535).contains(second[$0].port) })
  }

  @Test func `the local warehouse has the guide's four tables, and keeps its rows`() async throws {
    let path = directory.path + "/warehouse.db"
    try await LocalWarehouse.prepare(path)
    try await LocalWarehouse.prepare(path)
    #expect(RegularFile.exists(path))
  }

  @Test func `certificates are made, refused over others, and renewed from their authority`()
    async throws
  {
    let bench = CommandBench()
    let out = directory.path + "/tls"
    let made = await bench.run(
      "certificates",
      "create",
      "--out",
      out,
      "--host",
      "vault=vault",
      "-o",
      "jsonl"
    )
    #expect(made.exit == 0)
    #expect(made.output.split(separator: "\n").count == 4)
    #expect(await bench.run("certificates", "create", "--out", out).exit == 6)
    let authority = try RegularFile.read(out + "/ca.pem")
    let vault = try RegularFile.read(out + "/vault.pem")
    #expect(await bench.run("certificates", "create", "--out", out, "--renew").exit == 0)
    #expect(try RegularFile.read(out + "/ca.pem") == authority)
    #expect(try RegularFile.read(out + "/vault.pem") != vault)
  }
}
