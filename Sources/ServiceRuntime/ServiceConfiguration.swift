public import Logging

/// The PEM files of one end of a mutual TLS connection.
public struct TLSFiles: Sendable, Equatable {
  /// The certificate, then those between it and the authority.
  public var certificate: String
  public var key: String
  /// Whom the other end's certificate must come from.
  public var authority: String

  public init(certificate: String, key: String, authority: String) {
    self.certificate = certificate
    self.key = key
    self.authority = authority
  }
}

/// What every service process is told by its environment (or its flags, which win).
public struct ServiceConfiguration: Sendable {
  /// Where it listens.
  public var listen: HostPort
  /// The directory of its store; empty where its state is kept elsewhere and none was named.
  public var data: String
  /// Its own certificate and key, and the authority that its peers' certificates come from.
  public var tls: TLSFiles
  public var logLevel: Logger.Level
  /// For what only one service reads.
  public var settings: Settings

  /// The variables that every service reads.
  public static let names = [
    "SLUICE_LISTEN", "SLUICE_DATA", "SLUICE_TLS_CERT", "SLUICE_TLS_KEY", "SLUICE_TLS_CA",
    "SLUICE_LOG_LEVEL",
  ]

  /// - Parameter mayStoreElsewhere: whether the service heeds SLUICE_STORE, which then makes
  ///   SLUICE_DATA optional.
  /// - Throws: `StartupError` naming the first setting that is missing or wrong.
  public init(
    _ settings: Settings,
    mayStoreElsewhere: Bool = false
  ) throws(StartupError) {
    listen = try settings.address("SLUICE_LISTEN", "is the host:port to listen on")
    if mayStoreElsewhere, try settings.text(ServiceProcess.storeSetting) != nil {
      data = try settings.text("SLUICE_DATA") ?? ""
    } else {
      data = try settings.required("SLUICE_DATA", "names the directory of the store")
    }
    tls = TLSFiles(
      certificate: try Self.file(settings, "SLUICE_TLS_CERT", "the certificate (PEM)"),
      key: try Self.file(settings, "SLUICE_TLS_KEY", "the certificate's key (PEM)"),
      authority: try Self.file(settings, "SLUICE_TLS_CA", "the authority's certificate (PEM)")
    )
    logLevel = try Self.logLevel(settings)
    self.settings = settings
  }

  static func logLevel(_ settings: Settings) throws(StartupError) -> Logger.Level {
    guard let text = try settings.text("SLUICE_LOG_LEVEL") else { return .info }
    guard let level = Logger.Level(rawValue: text.lowercased()) else {
      let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
      throw StartupError(.usage, "SLUICE_LOG_LEVEL must be one of \(known), not \"\(text)\"")
    }
    return level
  }

  /// Looks whether the file can be read: TLS libraries name neither the setting nor the path.
  private static func file(_ settings: Settings, _ name: String, _ what: String)
    throws(StartupError) -> String
  {
    let path = try settings.required(name, "names the file of \(what)")
    do {
      _ = try RegularFile.read(path, limit: 1 << 20)
    } catch {
      throw StartupError(.environment, "\(name): \(error)")
    }
    return path
  }
}
