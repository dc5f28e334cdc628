import NIOCore
public import RPC

/// What both ends read from their command lines.
public enum BenchSetup {
  /// All sides have one thread for their connections; NIO's default is one a core.
  public static func useOneLoop() { NIOSingletons.groupLoopCountSuggestion = 1 }

  /// Certificate, key and authority; nil when there are none.
  public static func tls(_ files: ArraySlice<String>) -> TLSConfiguration? {
    let files = Array(files)
    guard files.count == 3 else { return nil }
    return TLSConfiguration(
      certificateChainFile: files[0],
      privateKeyFile: files[1],
      trustRootsFile: files[2]
    )
  }
}
