import CCurl

/// One handle of libcurl's easy interface, and what must live as long as it. Its owner's thread only.
final class EasyHandle {
  let pointer: UnsafeMutableRawPointer
  private var lists: [UnsafeMutablePointer<curl_slist>] = []
  private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

  init() throws(FetchError) {
    guard let pointer = curl_easy_init() else {
      errorText.deallocate()
      throw FetchError(.unavailable, "libcurl has no memory for another transfer")
    }
    self.pointer = pointer
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    // Safety: the buffer is released in deinit, after the handle that writes to it.
    sluice_set_pointer(pointer, CURLOPT_ERRORBUFFER, errorText)
  }

  deinit {
    curl_easy_cleanup(pointer)
    for list in lists { curl_slist_free_all(list) }
    errorText.deallocate()
  }

  func set(_ option: CURLoption, _ value: Int) throws(FetchError) {
    try check(sluice_set_long(pointer, option, value), option)
  }

  func set(_ option: CURLoption, _ flag: Bool) throws(FetchError) {
    try set(option, flag ? 1 : 0)
  }

  func set(_ option: CURLoption, offset: Int) throws(FetchError) {
    try check(sluice_set_offset(pointer, option, curl_off_t(offset)), option)
  }

  /// `text` has no NUL: the callers' own types see to that.
  func set(_ option: CURLoption, _ text: String?) throws(FetchError) {
    try check(sluice_set_text(pointer, option, text), option)
  }

  func set(_ option: CURLoption, pointer value: UnsafeMutableRawPointer) throws(FetchError) {
    try check(sluice_set_pointer(pointer, option, value), option)
  }

  func set(
    _ option: CURLoption,
    function:
      @convention(c) (
        UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?
      ) -> Int
  ) throws(FetchError) {
    try check(sluice_set_transfer_function(pointer, option, function), option)
  }

  func setList(_ option: CURLoption, _ lines: [String]) throws(FetchError) {
    var list: UnsafeMutablePointer<curl_slist>?
    for line in lines {
      guard let longer = curl_slist_append(list, line) else {
        curl_slist_free_all(list)
        throw FetchError(.unavailable, "libcurl has no memory for a request's header")
      }
      list = longer
    }
    guard let list else { return }
    lists.append(list)
    try check(sluice_set_list(pointer, option, list), option)
  }

  func check(_ code: CURLcode, _ option: CURLoption) throws(FetchError) {
    guard code != CURLE_OK else { return }
    throw FetchError(
      .unavailable,
      "this machine's libcurl refuses a setting that Sluice needs; it must be 7.88 or newer",
      cause: "option \(option.rawValue): curl \(code.rawValue)"
    )
  }

  func long(_ info: CURLINFO) -> Int {
    var value = 0
    sluice_get_long(pointer, info, &value)
    return value
  }

  func offset(_ info: CURLINFO) -> Int {
    var value = curl_off_t(0)
    sluice_get_offset(pointer, info, &value)
    return Int(value)
  }

  /// libcurl's code and its sentence, which names hosts, certificates and limits, never what was sent.
  func cause(_ code: CURLcode) -> String {
    let bytes = UnsafeRawBufferPointer(start: errorText, count: Int(CURL_ERROR_SIZE))
    var text = bytes.prefix { $0 != 0 }.prefix(200).map { (0x20...0x7e).contains($0) ? $0 : 0x3f }
    if text.isEmpty, let fixed = curl_easy_strerror(code) {
      text = Array(String(cString: fixed).utf8)
    }
    return "curl \(code.rawValue): \(String(decoding: text, as: UTF8.self))"
  }
}
