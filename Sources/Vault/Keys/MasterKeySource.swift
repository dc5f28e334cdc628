import Crypto
public import SyncModel

/// Where the vault finds its master key, at each start and each unsealing.
public struct MasterKeySource: Sendable {
  /// `file`, `environment` or `command`.
  public let name: String
  private let read: @Sendable () throws(Failure) -> MasterKey

  private init(_ name: String, _ read: @escaping @Sendable () throws(Failure) -> MasterKey) {
    self.name = name
    self.read = read
  }

  /// - Throws: `master_key_…`, naming the place.
  public func load() throws(Failure) -> MasterKey { try read() }

  /// A file for its owner only: see `MasterKey.load`.
  public static func file(_ path: String) -> MasterKeySource {
    MasterKeySource("file") { () throws(Failure) in try MasterKey.load(file: path) }
  }

  /// 64 hex digits that an environment variable held. The process removes the variable, but the
  /// kernel shows what a process was started with (/proc/PID/environ) to its user: a file is better.
  public static func environment(_ text: String, variable: String) throws(Failure)
    -> MasterKeySource
  {
    let key = try MasterKey(text: Array(text.utf8), from: variable)
    return MasterKeySource("environment") { () throws(Failure) in key }
  }

  /// What a program prints: 64 hex digits or 32 bytes. See `MasterKeyCommand`.
  public static func command(_ arguments: [String]) -> MasterKeySource {
    MasterKeySource("command") { () throws(Failure) in
      try MasterKeyCommand(arguments: arguments).run()
    }
  }

  /// For tests and embedding.
  public static func given(_ key: MasterKey) -> MasterKeySource {
    MasterKeySource("file") { () throws(Failure) in key }
  }
}
