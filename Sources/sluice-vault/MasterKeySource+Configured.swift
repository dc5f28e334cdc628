import Glibc
import ServiceRuntime
import Vault

extension MasterKeySource {
  /// What the settings say; nil for a vault that waits for a passphrase.
  /// - Throws: when more than one is given, or one that is wrong.
  static func configured(_ settings: Settings) throws -> MasterKeySource? {
    // `NAME_FILE` is the file of the value of NAME everywhere; here the file is read anew each time,
    // and with more care.
    let file = try settings.text("SLUICE_MASTER_KEY_FILE")
    let text = file == nil ? try settings.text("SLUICE_MASTER_KEY") : nil
    let command = try settings.text("SLUICE_MASTER_KEY_COMMAND")
    unsetenv("SLUICE_MASTER_KEY")
    guard [file, text, command].compactMap({ $0 }).count <= 1 else {
      throw StartupError(
        .usage,
        "the master key comes from SLUICE_MASTER_KEY_FILE, SLUICE_MASTER_KEY or "
          + "SLUICE_MASTER_KEY_COMMAND: give one of them"
      )
    }
    if let file { return .file(file) }
    if let text { return try .environment(text, variable: "SLUICE_MASTER_KEY") }
    return command.map { .command($0.split(separator: " ").map(String.init)) }
  }
}
