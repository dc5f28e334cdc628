import CCurl
import Glibc

/// Asks the policy about each address that libcurl is about to connect to. libcurl's thread only.
final class SocketGate {
  private let refusal: @Sendable (IPAddress) -> String?
  /// Why the last address was refused.
  private(set) var refused: String?
  private(set) var hasOpened = false

  init(refusal: @escaping @Sendable (IPAddress) -> String?) { self.refusal = refusal }

  func install(on easy: EasyHandle) throws(FetchError) {
    try easy.check(
      sluice_set_open_socket_function(easy.pointer) { context, _, address in
        guard let context, let address else { return sluice_bad_socket }
        // Safety: the transfer that is `context`'s owner outlives its handle.
        let gate = Unmanaged<SocketGate>.fromOpaque(context).takeUnretainedValue()
        return gate.open(address)
      },
      CURLOPT_OPENSOCKETFUNCTION
    )
    try easy.set(CURLOPT_OPENSOCKETDATA, pointer: Unmanaged.passUnretained(self).toOpaque())
  }

  private func open(_ wanted: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
    // Safety: libcurl gives `addrlen` bytes of address (CURLOPT_OPENSOCKETFUNCTION(3)).
    let bytes = UnsafeRawBufferPointer(
      start: sluice_address_bytes(wanted),
      count: Int(wanted.pointee.addrlen)
    )
    guard let address = IPAddress(socketAddress: bytes) else {
      refused = "it is neither IPv4 nor IPv6"
      return sluice_bad_socket
    }
    if let reason = refusal(address) {
      refused = reason
      return sluice_bad_socket
    }
    let opened = socket(
      wanted.pointee.family,
      wanted.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue),
      wanted.pointee.protocol
    )
    if opened >= 0 { hasOpened = true }
    return opened
  }
}
