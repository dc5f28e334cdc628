public import Wire

/// `sluice.vault.v1.KeyState`: where a key stands between being made and being gone.
public enum KeyState: Int32, WireEnum, CaseIterable {
  case unspecified = 0
  /// Made and durable; its public key has not been shown yet.
  case pending = 1
  /// Its public key has been shown.
  case published = 2
  /// A login with it has worked.
  case proven = 3
  /// It signs.
  case active = 4
  /// Its successor signs; it still can, until retire_at.
  case retiring = 5
  /// The private key is gone.
  case destroyed = 6
}
