/// A message with a secret in it: it must not reach a log by being printed whole.
public protocol UnprintedMessage: CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{}

extension UnprintedMessage {
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
