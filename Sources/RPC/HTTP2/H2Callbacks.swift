import CNghttp2
import NIOCore

/// nghttp2's C structs and callbacks: each checks its pointers, finds the Swift object, forwards.
enum H2Callbacks {
  /// Safety: nghttp2 holds the session unretained. The session owns nghttp2's handle and deletes
  /// it in `deinit`, so no callback can come after it.
  static func session(_ user: UnsafeMutableRawPointer?) -> H2Session? {
    user.map { Unmanaged<H2Session>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Safety: nghttp2 holds a stream unretained from the moment it enters `H2Session.streams` until
  /// `on_stream_close`, which forgets the pointer before the list lets go of the stream.
  static func stream(_ pointer: UnsafeMutableRawPointer) -> H2Stream {
    Unmanaged<H2Stream>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Lends the session without counting a reference, for what runs for each call.
  ///
  /// Safety: as `session`; nothing that a callback does lets go of the session.
  @inline(__always)
  static func withSession<Result>(
    _ user: UnsafeMutableRawPointer?,
    _ body: (H2Session) -> Result?
  ) -> Result? {
    guard let user else { return nil }
    return Unmanaged<H2Session>.fromOpaque(user)._withUnsafeGuaranteedRef(body)
  }

  /// Lends a stream without counting a reference.
  ///
  /// Safety: as `stream`; the list holds it until `on_stream_close` takes it out as its last act.
  @inline(__always)
  static func withStream<Result>(
    _ pointer: UnsafeMutableRawPointer,
    _ body: (H2Stream) -> Result
  ) -> Result {
    Unmanaged<H2Stream>.fromOpaque(pointer)._withUnsafeGuaranteedRef(body)
  }

  static func pointer(_ stream: H2Stream) -> UnsafeMutableRawPointer {
    Unmanaged.passUnretained(stream).toOpaque()
  }

  static func dataProvider(_ stream: H2Stream) -> nghttp2_data_provider {
    nghttp2_data_provider(
      source: nghttp2_data_source(ptr: pointer(stream)),
      read_callback: readData
    )
  }

  static func makeSession(for session: H2Session) -> OpaquePointer? {
    var callbacks: OpaquePointer?
    guard nghttp2_session_callbacks_new(&callbacks) == 0 else { return nil }
    defer { nghttp2_session_callbacks_del(callbacks) }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, onBeginHeaders)
    nghttp2_session_callbacks_set_on_header_callback(callbacks, onHeader)
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, onInvalidHeader)
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, onData)
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, onFrame)
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, onClose)
    nghttp2_session_callbacks_set_send_data_callback(callbacks, sendData)
    if session.role == .server {
      nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, onSent)
      nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, onBeginFrame)
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, onInvalid)
      nghttp2_session_callbacks_set_unpack_extension_callback(callbacks) { _, _, _, _ in
        Int32(NGHTTP2_ERR_CANCEL.rawValue)
      }
    }

    var options: OpaquePointer?
    guard nghttp2_option_new(&options) == 0 else { return nil }
    defer { nghttp2_option_del(options) }
    // Window goes back when a handler takes a message, not when bytes arrive.
    nghttp2_option_set_no_auto_window_update(options, 1)
    nghttp2_option_set_peer_max_concurrent_streams(options, 100)
    nghttp2_option_set_no_closed_streams(options, 1)
    // CVE-2023-44487 and CVE-2024-28182. The first is `PeerConduct`'s to stop; this is behind it.
    nghttp2_option_set_stream_reset_rate_limit(options, 1000, 100)
    nghttp2_option_set_max_continuations(options, 8)
    if session.role == .server {
      // Frames of types that HTTP/2 does not know are ignored (RFC 9113, 5.5), but counted.
      for type in UInt8(NGHTTP2_CONTINUATION.rawValue) + 1...UInt8.max {
        nghttp2_option_set_user_recv_extension_type(options, type)
      }
    }

    var handle: OpaquePointer?
    let user = Unmanaged.passUnretained(session).toOpaque()
    let code: Int32
    switch session.role {
    case .server: code = nghttp2_session_server_new2(&handle, callbacks, user, options)
    case .client: code = nghttp2_session_client_new2(&handle, callbacks, user, options)
    }
    return code == 0 ? handle : nil
  }
}

/// Refuses one stream; the connection goes on.
private let refuseStream = Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)

/// Sees every frame of a client before nghttp2 judges it, also those that nghttp2 ignores.
private let onBeginFrame: nghttp2_on_begin_frame_callback = { _, header, user in
  guard let header, let user else { return 0 }
  let type = UInt32(header.pointee.type)
  // Safety: see `H2Callbacks.session`; nothing in here lets go of it.
  Unmanaged<H2Session>.fromOpaque(user)._withUnsafeGuaranteedRef { session in
    if type == NGHTTP2_HEADERS.rawValue {
      session.headersBegin(on: header.pointee.stream_id)
    } else if type == NGHTTP2_CONTINUATION.rawValue {
      // No list within the limit needs more than the first frame, however it is packed.
      session.charge(.ignoredHeaders(header.pointee.length))
    } else if type > NGHTTP2_CONTINUATION.rawValue {
      session.charge(.unknownFrame)
    }
  }
  return 0
}

/// A stream that is refused, or whose headers break a rule: `onHeader` sees no more of its list.
private let onInvalid: nghttp2_on_invalid_frame_recv_callback = { _, frame, _, user in
  guard let frame, UInt32(frame.pointee.hd.type) == NGHTTP2_HEADERS.rawValue else { return 0 }
  H2Callbacks.session(user)?.charge(.ignoredHeaders(frame.pointee.hd.length))
  return 0
}

private let onBeginHeaders: nghttp2_on_begin_headers_callback = { handle, frame, user in
  guard let session = H2Callbacks.session(user), let frame else { return 0 }
  let id = frame.pointee.hd.stream_id
  if frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
    guard let stream = session.makeStream() else { return refuseStream }
    session.streams.insert(stream, id: id)
    nghttp2_session_set_stream_user_data(handle, id, H2Callbacks.pointer(stream))
    session.headerStream = Unmanaged.passUnretained(stream)
  } else {
    // A response, or trailers.
    session.headerStream = nghttp2_session_get_stream_user_data(handle, id)
      .map { Unmanaged.fromOpaque($0) }
  }
  return 0
}

/// The callback that runs most: it counts no references.
private let onHeader: nghttp2_on_header_callback = {
  _,
  frame,
  name,
  nameLength,
  value,
  valueLength,
  _,
  user in
  guard let user else { return 0 }
  // Safety: see `H2Callbacks.session` and `stream`; nothing in here lets go of either.
  let goesOn = Unmanaged<H2Session>.fromOpaque(user)._withUnsafeGuaranteedRef { session in
    session.headerStream?._withUnsafeGuaranteedRef { stream in
      let limit = session.limits.headerListBytes
      guard stream.countHeader(of: nameLength + valueLength, limit: limit) else { return false }
      if !stream.headersTooLong {
        stream.header(
          HeaderBytes(start: name, count: nameLength),
          HeaderBytes(start: value, count: valueLength)
        )
      }
      return true
    }
  }
  return goesOn == false ? H2Callbacks.bomb(H2Callbacks.session(user)) : 0
}

/// A header with a value that HTTP does not allow: nghttp2 leaves it out, having looked at all of it.
private let onInvalidHeader: nghttp2_on_invalid_header_callback = {
  _,
  _,
  _,
  nameLength,
  _,
  valueLength,
  _,
  user in
  guard let session = H2Callbacks.session(user), let stream = session.headerStream else { return 0 }
  let goesOn = stream._withUnsafeGuaranteedRef {
    $0.countHeader(of: nameLength + valueLength, limit: session.limits.headerListBytes)
  }
  return goesOn ? 0 : H2Callbacks.bomb(session)
}

extension H2Callbacks {
  /// What becomes of a list that grows far above the limit.
  fileprivate static func bomb(_ session: H2Session?) -> Int32 {
    guard let session, session.role == .server else {
      // A server that a client has called answers so; its other calls may be well.
      session?.charge(.oversizedHeaders)
      return refuseStream
    }
    // A stream that is refused has its list unpacked to the end, for the state of HPACK: a byte on
    // the wire costs as much as a header, again and again. So it is the connection that ends, and
    // the pause that keeps nghttp2 from what else has arrived; `receive` feeds it no more.
    session.end(misconduct: "a header list far above the limit")
    return Int32(NGHTTP2_ERR_PAUSE.rawValue)
  }
}

private let onData: nghttp2_on_data_chunk_recv_callback = { handle, _, id, bytes, count, user in
  guard let pointer = nghttp2_session_get_stream_user_data(handle, id) else {
    // Nobody will take these bytes: the connection's window must not shrink for them.
    nghttp2_session_consume_connection(handle, count)
    return 0
  }
  H2Callbacks.withStream(pointer) { stream in
    stream.data(UnsafeRawBufferPointer(start: bytes, count: count))
    // Below that there is nothing to do.
    guard stream.uncredited >= H2Connection.creditStep else { return }
    H2Callbacks.session(user)?.events.append(.data(stream))
  }
  return 0
}

private let onFrame: nghttp2_on_frame_recv_callback = { handle, frame, user in
  guard let frame else { return 0 }
  H2Callbacks.withSession(user) { session in
    switch UInt32(frame.pointee.hd.type) {
    case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
      guard
        let pointer = nghttp2_session_get_stream_user_data(handle, frame.pointee.hd.stream_id)
      else { return }
      H2Callbacks.withStream(pointer) { streamFrame(frame.pointee.hd, of: $0, session) }
    default: connectionFrame(frame, session)
    }
  }
  return 0
}

private func streamFrame(_ header: nghttp2_frame_hd, of stream: H2Stream, _ session: H2Session) {
  let ends = UInt32(header.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
  if UInt32(header.type) == NGHTTP2_HEADERS.rawValue {
    stream.headersEnded()
    session.events.append(.headers(stream))
  } else if header.length == 0, !ends {
    session.charge(.emptyData)
  }
  if ends {
    stream.ended()
    if stream.awaitsEnd { session.events.append(.ended(stream)) }
  }
}

private func connectionFrame(_ frame: UnsafePointer<nghttp2_frame>, _ session: H2Session) {
  let header = frame.pointee.hd
  switch UInt32(header.type) {
  case NGHTTP2_GOAWAY.rawValue:
    let goAway = frame.pointee.goaway
    let text = UnsafeBufferPointer(start: goAway.opaque_data, count: goAway.opaque_data_len)
    session.events.append(
      .goAway(code: goAway.error_code, text: String(decoding: text.prefix(200), as: UTF8.self))
    )
  case NGHTTP2_PING.rawValue where UInt32(header.flags) & NGHTTP2_FLAG_ACK.rawValue != 0:
    session.events.append(.pingAcknowledged)
  case NGHTTP2_PING.rawValue: session.pinged()
  case NGHTTP2_SETTINGS.rawValue where UInt32(header.flags) & NGHTTP2_FLAG_ACK.rawValue != 0:
    session.events.append(.settingsAcknowledged)
  case NGHTTP2_SETTINGS.rawValue:
    session.charge(.settings)
    session.events.append(.settings)
  // A server's resets are answers, which a client has asked for.
  case NGHTTP2_RST_STREAM.rawValue where session.role == .server: session.charge(.reset)
  default: break
  }
}

/// Notes that a response has left whole, and what the peer made us send.
private let onSent: nghttp2_on_frame_send_callback = { handle, frame, user in
  guard let frame else { return 0 }
  let header = frame.pointee.hd
  H2Callbacks.withSession(user) { session in
    switch UInt32(header.type) {
    case NGHTTP2_HEADERS.rawValue:
      session.sentSomething()
      guard UInt32(header.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0,
        let pointer = nghttp2_session_get_stream_user_data(handle, header.stream_id)
      else { return }
      session.callEndedWell()
      H2Callbacks.withStream(pointer) { stream in
        if !stream.remoteEnded { session.events.append(.sent(stream)) }
      }
    case NGHTTP2_DATA.rawValue: session.sentSomething()
    case NGHTTP2_RST_STREAM.rawValue:
      switch frame.pointee.rst_stream.error_code {
      // Our own wishes.
      case H2ErrorCode.noError, H2ErrorCode.cancel: break
      case H2ErrorCode.refusedStream: session.charge(.refusedStream)
      default: session.charge(.forcedReset)
      }
    default: break
    }
  }
  return 0
}

private let onClose: nghttp2_on_stream_close_callback = { handle, id, code, user in
  guard let pointer = nghttp2_session_get_stream_user_data(handle, id) else { return 0 }
  H2Callbacks.withSession(user) { session in
    nghttp2_session_set_stream_user_data(handle, id, nil)
    // Only this one: another's header list may have arrived in part.
    if session.headerStream?.toOpaque() == pointer { session.headerStream = nil }
    let stream = H2Callbacks.stream(pointer)
    session.events.append(.closed(stream, code: code))
    session.streams.remove(stream)
  }
  return 0
}

/// Asks for the next bytes of a body: short ones are copied, long ones left to `sendData`.
private let readData: nghttp2_data_source_read_callback = {
  _,
  _,
  buffer,
  length,
  flags,
  source,
  user in
  guard let session = H2Callbacks.session(user), let pointer = source?.pointee.ptr, let flags,
    let buffer
  else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
  let stream = H2Callbacks.stream(pointer)
  let count = min(stream.outgoing.byteCount, length)
  if count == stream.outgoing.byteCount {
    if stream.outgoingEnd != nil {
      flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
      if session.role == .server, stream.hasTrailers {
        // Trailers end the response.
        flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
        session.events.append(.drained(stream))
      }
    } else if count == 0 {
      stream.isDeferred = true
      return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
  }
  if stream.sentBytes == 0, count > 0 { session.sending.append(stream) }
  stream.sentBytes += count
  if count > session.copyThreshold {
    flags.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
  } else {
    var at = UnsafeMutableRawPointer(buffer)
    stream.outgoing.take(count) { bytes in
      guard let base = bytes.baseAddress else { return }
      at.copyMemory(from: base, byteCount: bytes.count)
      at += bytes.count
    }
  }
  return count
}

/// Writes a DATA frame whose body was not copied: nine bytes of header, then the messages' bytes.
private let sendData: nghttp2_send_data_callback = { _, _, header, length, source, user in
  guard let session = H2Callbacks.session(user), let pointer = source?.pointee.ptr
  else { return Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
  session.output.writeBytes(UnsafeRawBufferPointer(start: header, count: 9))
  H2Callbacks.stream(pointer).outgoing.take(length) { session.output.writeBytes($0) }
  return 0
}
