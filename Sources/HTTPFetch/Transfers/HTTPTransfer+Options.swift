import CCurl

extension HTTPTransfer {
  /// Every option, also those whose default is right today: what is relied on is written down.
  func prepare(_ easy: EasyHandle) throws {
    handle = easy
    try prepareConnection(easy)
    try easy.set(CURLOPT_URL, request.url.fullText)
    // A signed link is signed with its dots (RFC 3986, section 5.2.4 would take them out).
    try easy.set(CURLOPT_PATH_AS_IS, true)
    try easy.set(CURLOPT_FOLLOWLOCATION, false)
    try easy.set(CURLOPT_UNRESTRICTED_AUTH, false)
    try easy.set(CURLOPT_USERAGENT, configuration.userAgent)
    // Also what libcurl unpacks although nobody asked for it is counted in `receiveBody`.
    try easy.set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate")
    try easy.set(CURLOPT_HTTP09_ALLOWED, false)
    try easy.set(
      CURLOPT_HTTP_VERSION,
      configuration.usesHTTP2 ? Int(CURL_HTTP_VERSION_2TLS) : Int(CURL_HTTP_VERSION_1_1)
    )
    try prepareMethod(easy)
    try easy.setList(CURLOPT_HTTPHEADER, headerLines())
    try installCallbacks(easy)
  }

  private func prepareConnection(_ easy: EasyHandle) throws(FetchError) {
    let timeouts = request.timeouts ?? configuration.timeouts
    try easy.prepareConnection(
      protocols: configuration.policy.allowsPlainHTTP ? "http,https" : "https",
      authorityFile: configuration.authorityFile,
      connectTimeout: timeouts.connect
    )
    if let proxy = configuration.proxy {
      try easy.set(CURLOPT_PROXY, proxy.origin)
      try easy.set(CURLOPT_HTTPPROXYTUNNEL, true)
      // Else the proxy's own head would be taken for the answer's.
      try easy.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, true)
    }
    try gate.install(on: easy)
  }

  private func prepareMethod(_ easy: EasyHandle) throws(FetchError) {
    let size = request.body?.count ?? 0
    // When a kept connection ends without an answer, libcurl sends the request again by itself, also
    // a POST. It cannot if it cannot begin the body again; without a body, only a new connection
    // keeps it from that.
    if !request.isIdempotent, size == 0 { try easy.set(CURLOPT_FRESH_CONNECT, true) }
    switch request.method {
    case .get: return try easy.set(CURLOPT_HTTPGET, true)
    case .head: return try easy.set(CURLOPT_NOBODY, true)
    case .delete where request.body == nil:
      return try easy.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    case .post, .put, .patch, .delete: break
    }
    try easy.set(CURLOPT_POST, true)
    if request.method != .post { try easy.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue) }
    try easy.set(CURLOPT_POSTFIELDSIZE_LARGE, offset: size)
  }

  private func headerLines() -> [String] {
    // "Name;" is libcurl's spelling of a field without a value; "Name:" takes libcurl's own away.
    var lines = request.headers.fields.map {
      $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)"
    }
    lines.append("Expect:")
    if request.headers["content-type"] == nil { lines.append("Content-Type:") }
    if request.headers["accept"] == nil { lines.append("Accept: */*") }
    return lines
  }
}

extension EasyHandle {
  /// What HTTP and mail have in common (reliability.md 5.3).
  func prepareConnection(
    protocols: String,
    authorityFile: String?,
    connectTimeout: Duration
  ) throws(FetchError) {
    // Signals belong to the process. Verbose output would print headers.
    try set(CURLOPT_NOSIGNAL, true)
    try set(CURLOPT_VERBOSE, false)
    // Without it, taking a handle away waits until getaddrinfo(3) in its thread comes back, and every
    // other transfer with it.
    try set(CURLOPT_QUICK_EXIT, true)
    try set(CURLOPT_PROTOCOLS_STR, protocols)
    try set(CURLOPT_REDIR_PROTOCOLS_STR, "https")
    try set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
    // An empty text, not none: without it the environment's proxies are used.
    try set(CURLOPT_PROXY, "")
    try set(CURLOPT_NOPROXY, "")
    try set(CURLOPT_SSL_VERIFYPEER, 1)
    try set(CURLOPT_SSL_VERIFYHOST, 2)
    try set(CURLOPT_SSLVERSION, sluice_tls_1_2)
    if let authorityFile {
      try set(CURLOPT_CAINFO, authorityFile)
      // Instead of the system's authorities, not besides them.
      try set(CURLOPT_CAPATH, nil as String?)
    }
    try set(CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, connectTimeout.timerNanoseconds / 1_000_000)))
    try set(CURLOPT_TCP_KEEPALIVE, true)
    try set(CURLOPT_MAXLIFETIME_CONN, 1800)
  }
}
