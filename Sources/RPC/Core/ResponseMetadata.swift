import Synchronization

/// Collects what a server says about a call besides its messages and status.
///
/// Make one for a call, give it to `CallOptions.response`, and read it when the call has come far
/// enough. The trailing metadata of a call that failed is in its `RPCError` as well.
public final class ResponseMetadata: Sendable {
  private let state = Mutex(
    (initial: Metadata(), trailing: Metadata(), lastMessageWasCompressed: false)
  )

  public init() {}

  /// Known from the first response message on; empty when the call ended without one, unless the
  /// server sent it by itself.
  public var initial: Metadata { state.withLock { $0.initial } }
  /// Known when the call has ended.
  public var trailing: Metadata { state.withLock { $0.trailing } }

  /// Of the response message that was taken last; gRPC's interoperability cases ask for it.
  package var lastMessageWasCompressed: Bool { state.withLock { $0.lastMessageWasCompressed } }

  func set(initial: Metadata) { state.withLock { $0.initial = initial } }
  func set(trailing: Metadata) { state.withLock { $0.trailing = trailing } }
  func set(lastMessageWasCompressed: Bool) {
    state.withLock { $0.lastMessageWasCompressed = lastMessageWasCompressed }
  }
}
