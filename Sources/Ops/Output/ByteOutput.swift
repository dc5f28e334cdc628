import Glibc
import ServiceRuntime
import Synchronization

/// Where a command's bytes go.
protocol ByteOutput: Sendable {
  var isTerminal: Bool { get }
  /// - Throws: `CommandFailure` when nobody reads any more, or the disk is full.
  func write(_ bytes: [UInt8]) throws
  func flush() throws
}

extension ByteOutput {
  func write(_ text: String) throws { try write(Array(text.utf8)) }
}

/// A descriptor, written in pieces of 64 KiB.
final class DescriptorOutput: ByteOutput {
  private let descriptor: Int32
  private let name: String
  private let pending = Mutex<[UInt8]>([])

  init(descriptor: Int32, name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  static let standardOutput = DescriptorOutput(descriptor: STDOUT_FILENO, name: "standard output")
  static let standardError = DescriptorOutput(descriptor: STDERR_FILENO, name: "standard error")

  var isTerminal: Bool { isatty(descriptor) == 1 }

  func write(_ bytes: [UInt8]) throws {
    let isFull = pending.withLock { pending in
      pending += bytes
      return pending.count >= 64 << 10
    }
    if isFull { try flush() }
  }

  func flush() throws {
    let bytes = pending.withLock { pending in
      let bytes = pending
      pending = []
      return bytes
    }
    do {
      try RegularFile.writeAll(bytes, to: descriptor, name: name)
    } catch {
      // As a shell reports SIGPIPE: `sluice run list | head -1` is no failure worth words.
      if error.code == EPIPE { throw ReaderGone() }
      throw CommandFailure("\(error)", exit: .failure)
    }
  }
}

/// The program that read our output has closed it.
struct ReaderGone: Error {
  static let exitCode: Int32 = 141
}
