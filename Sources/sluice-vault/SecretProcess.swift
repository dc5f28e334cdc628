import Crypto
import Glibc

/// What a process that holds keys does before it holds any.
enum SecretProcess {
  /// Keys go to locked memory; nobody of the same user may look into the process; memory that is given
  /// back is overwritten, so that what passed through ordinary memory does not stay there.
  static func harden() {
    wipeFreedMemory()
    _ = SecureHeap.forbidDumps()
    _ = SecureHeap.enable()
  }

  /// glibc overwrites what is freed if told so, and all of it if it keeps no cache for each thread.
  /// Both must be told before the process starts (ld.so(8), GLIBC_TUNABLES): so it starts itself again.
  private static func wipeFreedMemory() {
    guard getenv("GLIBC_TUNABLES") == nil else { return }
    setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0:glibc.malloc.perturb=165", 1)
    // The crash handler prints registers and the bytes that they point at, which may be a key.
    setenv("SWIFT_BACKTRACE", "enable=no", 1)
    var words = CommandLine.arguments.map { strdup($0) }
    words.append(nil)
    execv("/proc/self/exe", &words)
    // It goes on as it is: less is wiped, nothing is lost.
    for word in words { free(word) }
  }
}
