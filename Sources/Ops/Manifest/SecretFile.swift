import ServiceRuntime

/// Reads secrets from files or standard input; never from a flag, which every user of a machine sees.
struct SecretFile {
  /// Standard input, at most once a command.
  private let standardInput: () throws -> [UInt8]
  private var standardInputUser: String?

  init(standardInput: @escaping () throws -> [UInt8]) { self.standardInput = standardInput }

  /// Standard input already holds the YAML.
  mutating func standardInputHoldsManifest() { standardInputUser = "the YAML itself" }

  /// - Parameters:
  ///   - path: `-` for standard input; a relative path is taken from `directory`.
  ///   - owner: for messages, e.g. `credential "shop-db"`.
  /// - Returns: the bytes without one newline at their end, which editors and `echo` add.
  mutating func read(_ path: String, relativeTo directory: String, owner: String) throws
    -> SecretText
  {
    var bytes: [UInt8]
    if path == "-" {
      if let user = standardInputUser {
        throw CommandFailure(
          "\(owner): standard input is already used for \(user)",
          hint: "put the secret into a file, readable by you alone",
          exit: .usage
        )
      }
      standardInputUser = "the secret of \(owner)"
      bytes = try standardInput()
    } else {
      let full = path.hasPrefix("/") || directory.isEmpty ? path : directory + "/" + path
      do {
        bytes = try RegularFile.read(full, limit: Self.limit + 2)
      } catch {
        throw CommandFailure("\(owner): secret file: \(error)", exit: .failure)
      }
    }
    if bytes.last == 0x0A { bytes.removeLast() }
    guard !bytes.isEmpty else {
      throw CommandFailure("\(owner): the secret in \(shown(path)) is empty", exit: .failure)
    }
    guard bytes.count <= Self.limit else {
      throw CommandFailure(
        "\(owner): the secret in \(shown(path)) is over \(Self.limit) bytes",
        exit: .failure
      )
    }
    return SecretText(bytes: bytes)
  }

  private func shown(_ path: String) -> String { path == "-" ? "standard input" : path }

  /// The vault's own limit (vault.proto).
  static let limit = 65_536
}
