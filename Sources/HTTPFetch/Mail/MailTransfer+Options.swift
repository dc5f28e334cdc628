import CCurl

extension MailTransfer {
  func prepare(_ easy: EasyHandle) throws {
    handle = easy
    let isTLS = configuration.security == .tls
    try easy.prepareConnection(
      protocols: isTLS ? "smtps" : "smtp",
      authorityFile: configuration.authorityFile,
      connectTimeout: configuration.timeouts.connect
    )
    try gate.install(on: easy)
    let hello = configuration.helloName.map { "/\($0)" } ?? ""
    try easy.set(
      CURLOPT_URL,
      "\(isTLS ? "smtps" : "smtp")://\(configuration.host):\(configuration.port)\(hello)"
    )
    // ALL: without STARTTLS there is no mail. The default would go on in the clear.
    try easy.set(
      CURLOPT_USE_SSL,
      configuration.security == .plainToLoopback
        ? Int(CURLUSESSL_NONE.rawValue) : Int(CURLUSESSL_ALL.rawValue)
    )
    if let login = configuration.login {
      try easy.set(CURLOPT_USERNAME, login.user)
      try easy.set(CURLOPT_PASSWORD, login.password)
      try easy.set(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN")
    }
    // `SMTPReplies` follows a session from its greeting on.
    try easy.set(CURLOPT_FRESH_CONNECT, true)
    try easy.set(CURLOPT_FORBID_REUSE, true)
    try easy.set(CURLOPT_MAIL_FROM, "<\(message.from.address)>")
    try easy.setList(CURLOPT_MAIL_RCPT, message.to.map { "<\($0.address)>" })
    // One refused recipient does not keep the mail from the others. The name has three L.
    try easy.set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, true)
    let replyTimeout = Int(configuration.timeouts.firstByte.timerNanoseconds / 1_000_000_000)
    try easy.set(CURLOPT_SERVER_RESPONSE_TIMEOUT, min(3600, replyTimeout + 1))
    try easy.set(CURLOPT_UPLOAD, true)
    try easy.set(CURLOPT_INFILESIZE_LARGE, offset: text.count)
    try installCallbacks(easy)
  }

  private func installCallbacks(_ easy: EasyHandle) throws(FetchError) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    try easy.set(CURLOPT_HEADERDATA, pointer: context)
    // Each line of the server's, pass by pass (libcurl gives SMTP's replies as headers).
    try easy.set(CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      MailTransfer.from(context)?.receive(.init(start: bytes, count: size * count)) ?? 0
    }
    try easy.set(CURLOPT_NOPROGRESS, false)
    try easy.set(CURLOPT_XFERINFODATA, pointer: context)
    try easy.check(
      sluice_set_progress_function(easy.pointer) { context, _, _, _, _ in
        MailTransfer.from(context)?.checkProgress() == false ? 0 : 1
      },
      CURLOPT_XFERINFOFUNCTION
    )
    // Else what has no place would go to standard output.
    try easy.set(CURLOPT_WRITEFUNCTION) { _, size, count, _ in size * count }
    try easy.set(CURLOPT_READDATA, pointer: context)
    try easy.set(CURLOPT_READFUNCTION) { room, size, count, context in
      MailTransfer.from(context)?.send(.init(start: room, count: size * count))
        ?? sluice_read_abort
    }
  }

  /// Safety: the loop holds the transfer for as long as libcurl has its handle.
  private static func from(_ context: UnsafeMutableRawPointer?) -> MailTransfer? {
    context.map { Unmanaged<MailTransfer>.fromOpaque($0).takeUnretainedValue() }
  }

  private func receive(_ line: UnsafeRawBufferPointer) -> Int {
    clock.start(now: CurlLoop.monotonicNow())
    guard replies.take(line) else { return 0 }
    if replies.stage == .done || replies.refusal != nil {
      // Only QUIT is left, whose answer changes nothing, and nothing but this limits the wait for it.
      try? handle?.set(CURLOPT_SERVER_RESPONSE_TIMEOUT, 2)
    }
    return line.count
  }

  private func send(_ room: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(room.count, text.count - sentBytes)
    guard count > 0 else { return 0 }
    text.withUnsafeBytes {
      room.copyMemory(from: .init(rebasing: $0[sentBytes..<sentBytes + count]))
    }
    sentBytes += count
    clock.start(now: CurlLoop.monotonicNow())
    return count
  }
}
