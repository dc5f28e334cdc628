/// What the current task knows of the call that it serves: the calls that it makes go on with it.
///
/// One task-local value for all of it, as each costs every call; `RoutedMethod` sets it.
enum ServingCall {
  struct Values: Sendable {
    var deadline: ContinuousClock.Instant?
    var trace: TraceContext?
  }

  @TaskLocal static var current: Values?
}
