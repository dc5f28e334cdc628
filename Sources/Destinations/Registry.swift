public import Destination

extension DestinationRegistry {
  /// The name of the built-in profile store.
  public static let profiles = "profiles"

  /// Every destination that is built in: a new one is one folder and one line here.
  public init(profiles store: ProfileStore) {
    self.init()
    add(Self.profiles, store)
  }
}
