import ServiceRuntime
import Testing

@testable import Ops

/// The contexts file and who wins: flag, variable, file.
@Suite struct ContextTests {
  private let directory: TemporaryDirectory
  private let bench = CommandBench()

  init() throws {
    directory = try TemporaryDirectory()
    let path = directory.path
    bench.set { $0.variables = ["XDG_CONFIG_HOME": path] }
    for name in ["c.pem", "k.pem", "a.pem"] {
      try RegularFile.write([0x61], to: path + "/" + name)
    }
  }

  private func make(_ name: String, port: Int) async -> Outcome {
    await bench.run(
      "context",
      "set",
      name,
      "--vault",
      "127.0.0.1:\(port)",
      "--orchestrator",
      "127.0.0.1:\(port + 1)",
      "--writer",
      "127.0.0.1:\(port + 2)",
      "--certificate",
      directory.path + "/c.pem",
      "--key",
      directory.path + "/k.pem",
      "--authority",
      directory.path + "/a.pem"
    )
  }

  @Test func `contexts are made, listed, changed and chosen; the file is the owner's alone`()
    async throws
  {
    #expect(
      await make("one", port: 100).errors
        == "sluice: context \"one\" created; it is the current one\n"
    )
    #expect(await make("two", port: 200).errors == "sluice: context \"two\" created\n")
    #expect(
      await bench.run("context", "set", "two", "--writer", "[::1]:9", "--workspace", "shop").errors
        == "sluice: context \"two\" changed\n"
    )
    #expect(await bench.run("context", "use", "two").exit == 0)
    #expect(
      await bench.run("context", "list").output == """
        CURRENT  NAME  ORCHESTRATOR   VAULT          WRITER         WORKSPACE
        no       one   127.0.0.1:101  127.0.0.1:100  127.0.0.1:102  default
        yes      two   127.0.0.1:201  127.0.0.1:200  [::1]:9        shop

        """
    )
    #expect(
      TemporaryDirectory.permissions(directory.path + "/sluice/contexts.yaml") == 0o600
    )
  }

  @Test func `a flag wins over the variable, the variable over the file, and parts over all`()
    async throws
  {
    _ = await make("one", port: 100)
    _ = await make("two", port: 200)
    let path = directory.path
    func resolve(_ more: [String: String], flag: String? = nil) throws -> ConnectionContext {
      let variables = ["XDG_CONFIG_HOME": path].merging(more) { $1 }
      return try ContextResolution(variables: variables, flag: flag).resolve().context
    }
    #expect(try resolve([:]).vault.port == 100)
    #expect(try resolve(["SLUICE_CONTEXT": "two"]).vault.port == 200)
    #expect(try resolve(["SLUICE_CONTEXT": "two"], flag: "one").vault.port == 100)
    let mixed = try resolve(["SLUICE_VAULT": "v:1", "SLUICE_TLS_CA": "/x"])
    #expect(mixed.vault == HostPort(host: "v", port: 1))
    #expect(mixed.tls.authority == "/x")
    #expect(mixed.writer.port == 102)
  }

  @Test func `what is missing or wrong is said`() async throws {
    let unknown = await bench.run("context", "use", "nope")
    #expect(unknown.exit == 5)
    let incomplete = await bench.run("context", "set", "x", "--vault", "127.0.0.1:1")
    #expect(incomplete.exit == 2)
    #expect(incomplete.errors.contains("a new context needs --orchestrator"))
    let noFile = await bench.run(
      "context",
      "set",
      "x",
      "--vault",
      "a:1",
      "--orchestrator",
      "a:2",
      "--writer",
      "a:3",
      "--certificate",
      "/nonexistent/c",
      "--key",
      "k",
      "--authority",
      "a"
    )
    #expect(noFile.exit == 1)
    _ = await make("one", port: 100)
    #expect(await bench.run("sync", "list", "--context", "nope").exit == 5)
    bench.set { $0.variables["SLUICE_VAULT"] = "nonsense" }
    #expect(await bench.run("sync", "list").exit == 2)
  }

  @Test func `a damaged file is named with its line, not overwritten`() async throws {
    try RegularFile.makeDirectory(directory.path + "/sluice")
    let file = directory.path + "/sluice/contexts.yaml"
    let text = "current: a\ncontexts:\n  a:\n    vault: nowhere\n    fish: 1\n"
    try RegularFile.write(Array(text.utf8), to: file)
    let outcome = await make("b", port: 1)
    #expect(outcome.exit == 1)
    #expect(outcome.errors.contains("\(file): line 5: unknown key \"fish\""))
    #expect(outcome.errors.contains("line 4: \"vault\" must be host:port, not \"nowhere\""))
    #expect(try RegularFile.read(file) == Array(text.utf8))
  }

  @Test func `what is written is read again`() throws {
    var file = ContextsFile(current: "yes")
    let tls = TLSFiles(certificate: "/a b/\"c\".pem", key: "/é", authority: "/#")
    let address = HostPort(host: "::1", port: 1)
    file["yes"] = ConnectionContext(
      vault: address,
      orchestrator: address,
      writer: address,
      tls: tls,
      workspace: "null"
    )
    #expect(try ContextsFile.parse(Array(file.yaml.utf8), file: "x") == file)
  }
}
