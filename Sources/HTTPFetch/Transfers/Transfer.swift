import CCurl

/// What `CurlLoop` runs: something that sets up a handle, and is told how it ended.
///
/// Safety: conformers are `@unchecked Sendable`: apart from what they guard themselves, they are
/// touched by the loop's thread only, once they were given to it.
protocol Transfer: AnyObject, Sendable {
  /// Transfers of one lane share the bound on connections to one place.
  var lane: String { get }
  var clock: TransferClock { get set }
  /// Set before the loop is told, from any thread.
  var isCancelled: Bool { get }
  /// What it did not get to, for an error: a host and port, no secret.
  var place: String { get }

  /// Sets every option. The handle belongs to the loop, which lets go of it after the end.
  func prepare(_ easy: EasyHandle) throws
  /// libcurl is done with it.
  func complete(_ code: CURLcode, _ easy: EasyHandle)
  /// It was cancelled, timed out, or never began.
  func fail(_ error: any Error, _ easy: EasyHandle?)
  /// Ends it from inside a callback of libcurl's, for protocols that must not be taken away in the
  /// middle. `complete` follows at the next turn.
  /// - Returns: false when the handle is to be taken away instead, and `fail` called.
  func abort(with error: any Error) -> Bool
  /// For `expired`: the error of a timeout has to say whether the peer may have got it.
  func mayHaveArrived(_ easy: EasyHandle) -> Bool
}
