import CCurl

extension HTTPTransfer {
  func installCallbacks(_ easy: EasyHandle) throws(FetchError) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    try easy.set(CURLOPT_HEADERDATA, pointer: context)
    try easy.set(CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      HTTPTransfer.from(context)?.receiveHead(.init(start: bytes, count: size * count)) ?? 0
    }
    try easy.set(CURLOPT_WRITEDATA, pointer: context)
    try easy.set(CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      HTTPTransfer.from(context)?.receiveBody(.init(start: bytes, count: size * count)) ?? 0
    }
    guard request.method != .get, request.method != .head else { return }
    try easy.set(CURLOPT_READDATA, pointer: context)
    try easy.set(CURLOPT_READFUNCTION) { room, size, count, context in
      HTTPTransfer.from(context)?.sendBody(.init(start: room, count: size * count))
        ?? sluice_read_abort
    }
    guard request.isIdempotent else { return }
    try easy.set(CURLOPT_SEEKDATA, pointer: context)
    try easy.check(
      sluice_set_seek_function(easy.pointer) { context, offset, origin in
        HTTPTransfer.from(context)?.rewind(to: Int(offset), origin: origin) ?? CURL_SEEKFUNC_FAIL
      },
      CURLOPT_SEEKFUNCTION
    )
  }

  /// Safety: the loop holds the transfer for as long as libcurl has its handle.
  private static func from(_ context: UnsafeMutableRawPointer?) -> HTTPTransfer? {
    context.map { Unmanaged<HTTPTransfer>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Any other count than `line.count` ends the transfer.
  private func receiveHead(_ line: UnsafeRawBufferPointer) -> Int {
    switch head.take(line) {
    case .more: return line.count
    case .complete:
      answer()
      return line.count
    case .tooLarge:
      failure = FetchError(
        .headersTooLarge,
        "the header of the answer of \(place) is longer than \(configuration.headerLimit) bytes",
        mayHaveArrived: true
      )
    case .malformed:
      failure = FetchError(
        .protocolViolation,
        "the answer of \(place) does not begin as HTTP does",
        mayHaveArrived: true
      )
    }
    return 0
  }

  private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
    let total = decodedBytes + bytes.count
    if total > request.limits.decoded {
      return cut("the answer of \(place) is longer than \(request.limits.decoded) bytes")
    }
    if total > request.limits.expansionFrom, let handle {
      // Without the head, before decoding (CURLINFO_SIZE_DOWNLOAD_T(3)).
      let encoded = max(1, handle.offset(CURLINFO_SIZE_DOWNLOAD_T))
      if total / encoded >= request.limits.expansion {
        return cut(
          "the answer of \(place) unpacks to more than \(request.limits.expansion) times its size"
        )
      }
    }
    guard pipe.offer(bytes) else {
      clock.pause()
      return sluice_write_pause
    }
    decodedBytes = total
    clock.receive(bytes: bytes.count, now: CurlLoop.monotonicNow())
    return bytes.count
  }

  private func cut(_ message: String) -> Int {
    failure = FetchError(.bodyTooLarge, message, mayHaveArrived: true)
    return 0
  }

  private func sendBody(_ room: UnsafeMutableRawBufferPointer) -> Int {
    guard let body = request.body else { return 0 }
    let count = min(room.count, body.count - sentBytes)
    guard count > 0 else { return 0 }
    body.withUnsafeBytes {
      room.copyMemory(from: .init(rebasing: $0[sentBytes..<sentBytes + count]))
    }
    sentBytes += count
    return count
  }

  /// libcurl begins again on a new connection: only for what may arrive twice.
  private func rewind(to offset: Int, origin: CInt) -> CInt {
    guard origin == 0, offset >= 0, offset <= request.body?.count ?? 0 else {
      return CURL_SEEKFUNC_FAIL
    }
    sentBytes = offset
    return CURL_SEEKFUNC_OK
  }
}
