import Glibc
import ServiceRuntime

/// A pipe that nothing is ever written to: its reader sees the end when this process is gone.
struct Lifeline {
  let readingEnd: Int32
  private let writingEnd: Int32

  init() throws {
    var ends: [Int32] = [0, 0]
    // No process is started before both are marked: none inherits an end that it should not.
    guard pipe(&ends) == 0, ends.allSatisfy({ fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }) else {
      throw CommandFailure("cannot make a pipe: \(FileError.text(of: errno))", exit: .failure)
    }
    readingEnd = ends[0]
    writingEnd = ends[1]
  }

  func close() {
    Glibc.close(readingEnd)
    Glibc.close(writingEnd)
  }
}
