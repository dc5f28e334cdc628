import COpenSSL
import Glibc

/// Memory for keys: locked, so that it is never swapped out, and left out of core files.
///
/// OpenSSL's own (CRYPTO_secure_malloc(3)), so that its private keys lie there too. It is one for a
/// process; without `enable` secrets lie in ordinary memory, wiped all the same.
public enum SecureHeap {
  /// Sets the heap up, once, before any secret is made: as large as the limit of locked memory
  /// (`ulimit -l`) allows, 4 MiB at most.
  /// - Returns: its size in bytes; 0 when the system grants none.
  public static func enable() -> Int {
    guard CRYPTO_secure_malloc_initialized() == 0 else { return 0 }
    // A power of two each; 1 says that it is there and protected, 2 that it could not be locked.
    for size in [4 << 20, 1 << 20, 256 << 10, 64 << 10] {
      if CRYPTO_secure_malloc_init(size, 32) == 1 { return size }
      CRYPTO_secure_malloc_done()
    }
    return 0
  }

  /// Has the kernel refuse to show this process's memory to others of its user: to a debugger, in a core
  /// file, by `/proc` (prctl(2), PR_SET_DUMPABLE).
  /// - Returns: false when it does not.
  public static func forbidDumps() -> Bool { sluice_forbid_dumps() != 0 }

  /// Zeroed memory; ordinary memory when the secure heap is full or not there.
  static func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
    let size = max(count, 1)
    let memory =
      CRYPTO_secure_zalloc(size, #fileID, CInt(#line))
      ?? UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    if CRYPTO_secure_allocated(memory) == 0 { memset(memory, 0, size) }
    return UnsafeMutableRawBufferPointer(start: memory, count: count)
  }

  /// Wipes the memory and gives it back.
  static func release(_ memory: UnsafeMutableRawBufferPointer) {
    guard let start = memory.baseAddress else { return }
    if CRYPTO_secure_allocated(start) == 1 {
      CRYPTO_secure_clear_free(start, max(memory.count, 1), #fileID, CInt(#line))
    } else {
      // Without a secure heap OpenSSL's allocator is malloc, as Swift's is.
      OPENSSL_cleanse(start, memory.count)
      free(start)
    }
  }
}
