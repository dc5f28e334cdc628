/// Where a PostgreSQL server is and how to log in to it. Everything else that libpq can be told is
/// set by the engine; the environment (`PG*`), `~/.pgpass`, service files and client certificates in
/// the home directory have no say.
public struct PostgreSQLConfiguration: Sendable {
  /// libpq's `sslmode`, without the modes that fall back to plain text.
  public enum TLS: String, Sendable, CaseIterable {
    case disable
    /// Encrypted, but to whoever answers: the certificate is not checked.
    case require
    /// The certificate must be of an authority in `caFile`.
    case verifyCA = "verify-ca"
    /// And be of `host`.
    case verifyFull = "verify-full"
  }

  /// One DNS name or IP address.
  public var host: String
  public var port: Int
  public var database: String
  public var user: String
  /// Empty where the server asks for none. Not printed.
  public var password: [UInt8]
  public var tls: TLS
  /// The authorities' certificates, PEM.
  public var caFile: String
  /// Where to dial instead of `host` and `port`: a tunnel's end. The certificate is still checked to be
  /// `host`'s.
  public var detour: Detour?
  /// What the server's own lists of sessions show this client as.
  public var applicationName = "sluice"
  /// For finding the host, the TCP connection, TLS and the login together.
  public var connectTimeout: Duration = .seconds(15)

  /// Debian's bundle of the public authorities. libpq 15 has no `sslrootcert=system`.
  public static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"

  /// An IP address and a port.
  public struct Detour: Sendable {
    public var address: String
    public var port: Int

    public init(address: String, port: Int) {
      self.address = address
      self.port = port
    }
  }

  /// Whether a text is one DNS name or one IP address, and nothing that a program could take for an
  /// option, a path or a list.
  public static func isHost(_ text: String) -> Bool {
    HostAddresses.isAddress(text) || HostAddresses.isName(text)
  }

  public init(
    host: String,
    port: Int,
    database: String,
    user: String,
    password: [UInt8],
    tls: TLS = .verifyFull,
    caFile: String = systemAuthorities
  ) {
    self.host = host
    self.port = port
    self.database = database
    self.user = user
    self.password = password
    self.tls = tls
    self.caFile = caFile
  }

  /// Every key that libpq has, with its value, for one resolved address.
  ///
  /// Two rules of libpq shape the list: an empty value counts as not given, so what has to stay
  /// unset is given a path that cannot exist; and with `sslmode=require` an authorities' file that
  /// exists is checked against, so only the modes that check get one.
  func parameters(address: String) -> [(key: String, value: String)] {
    let nowhere = "/dev/null/none"
    let isChecked = tls == .verifyCA || tls == .verifyFull
    return [
      ("host", host), ("hostaddr", address), ("port", String(detour?.port ?? port)),
      ("dbname", database), ("user", user),
      ("passfile", "/dev/null"), ("channel_binding", "prefer"),
      ("connect_timeout", String(max(2, connectTimeout.components.seconds))),
      ("client_encoding", "UTF8"), ("application_name", applicationName),
      ("fallback_application_name", "sluice"),
      ("keepalives", "1"), ("keepalives_idle", "60"), ("keepalives_interval", "15"),
      ("keepalives_count", "4"), ("tcp_user_timeout", "60000"),
      ("sslmode", tls.rawValue), ("sslcompression", "0"), ("sslsni", "1"),
      ("ssl_min_protocol_version", "TLSv1.2"),
      ("sslcert", nowhere), ("sslkey", nowhere), ("sslcrl", nowhere), ("sslcrldir", nowhere),
      ("sslrootcert", isChecked ? caFile : nowhere),
      ("gssencmode", "disable"), ("krbsrvname", "postgres"), ("target_session_attrs", "any"),
    ]
  }
}
