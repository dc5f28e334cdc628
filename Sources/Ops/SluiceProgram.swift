import Glibc
import Logging
import RPC
import ServiceRuntime
import SyncModel

/// The `sluice` program: its command line in, its exit code out.
public enum SluiceProgram {
  public static func run(_ arguments: [String]) async -> Int32 {
    // A reader that closes early is an error of ours to handle, not a signal to die of.
    signal(SIGPIPE, SIG_IGN)
    TerminationSignals.install(secondEnds: true)
    return await CommandRunner.run(arguments, in: .live)
  }
}

extension CommandEnvironment {
  /// The machine.
  static var live: CommandEnvironment {
    let quiet = Logger(label: "sluice") { _ in SwiftLogNoOpLogHandler() }
    return CommandEnvironment(
      variables: ProcessEnvironment.all(),
      output: DescriptorOutput.standardOutput,
      errors: DescriptorOutput.standardError,
      readStandardInput: {
        do {
          return try RegularFile.readAll(STDIN_FILENO, name: "standard input")
        } catch {
          throw CommandFailure("\(error)", exit: .failure)
        }
      },
      connect: { role, context in
        for file in [context.tls.certificate, context.tls.key, context.tls.authority] {
          do {
            _ = try RegularFile.read(file, limit: 1 << 20)
          } catch {
            throw CommandFailure(
              "\(error)",
              hint: "the context names it: sluice context list -o yaml",
              code: "certificate_missing",
              exit: .failure
            )
          }
        }
        let link = PeerLink(to: context[role], tls: context.tls, logger: quiet)
        return ServiceLink(client: link.client, close: { await link.close() })
      },
      world: .live,
      interruption: { await TerminationSignals.wait() },
      programDirectory: { RegularFile.directoryOfProgram() }
    )
  }
}
