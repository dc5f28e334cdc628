/// A process's settings: flags, then environment variables, then the files that `NAME_FILE` names.
public struct Settings: Sendable {
  private let flags: [String: String]
  private let environment: [String: String]

  public init(environment: [String: String], flags: [String: String] = [:]) {
    self.environment = environment
    self.flags = flags
  }

  /// The setting's value without one trailing newline; nil when it is not set or empty.
  /// - Throws: when the file that `NAME_FILE` names cannot be read or is not UTF-8.
  public func text(_ name: String) throws(StartupError) -> String? {
    if let value = flags[name] ?? environment[name], !value.isEmpty { return value }
    guard let path = environment[name + "_FILE"], !path.isEmpty else { return nil }
    let bytes: [UInt8]
    do {
      bytes = try RegularFile.read(path, limit: 64 << 10)
    } catch {
      throw StartupError(.environment, "\(name)_FILE: \(error)")
    }
    guard var value = String(validating: bytes, as: UTF8.self) else {
      throw StartupError(.environment, "\(name)_FILE: \(path) is not UTF-8 text")
    }
    if value.hasSuffix("\n") { value.removeLast() }
    return value.isEmpty ? nil : value
  }

  /// - Parameter purpose: completes "is not set; it …", e.g. "names the directory of the store".
  public func required(_ name: String, _ purpose: String) throws(StartupError) -> String {
    guard let value = try text(name) else {
      throw StartupError(
        .usage,
        "\(name) is not set; it \(purpose) (or give \(ServiceArguments.flag(for: name)))"
      )
    }
    return value
  }

  public func address(_ name: String, _ purpose: String) throws(StartupError) -> HostPort {
    let value = try required(name, purpose)
    guard let address = HostPort(value) else {
      throw StartupError(.usage, "\(name) must be host:port, not \"\(value)\"")
    }
    return address
  }

  /// One address, or several with commas between.
  public func addresses(_ name: String, _ purpose: String) throws(StartupError) -> [HostPort] {
    var result: [HostPort] = []
    for part in try required(name, purpose).split(separator: ",", omittingEmptySubsequences: false)
    {
      let text = String(part.drop { $0 == " " })
      guard let address = HostPort(text) else {
        throw StartupError(.usage, "\(name) must be host:port, not \"\(text)\"")
      }
      if !result.contains(address) { result.append(address) }
    }
    return result
  }
}
