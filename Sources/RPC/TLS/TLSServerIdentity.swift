import Glibc
import Logging
import Synchronization

/// A server's certificates as its next connection is to use them: read again when a file changes,
/// so that a renewed certificate needs no restart.
///
/// Files that cannot be used leave the ones in use as they are: a mistake in a renewal must not
/// stop a service that runs.
final class TLSServerIdentity: Sendable {
  /// What tells one version of a file from another.
  private struct Stamp: Equatable {
    var device: UInt
    var inode: UInt
    var size: Int
    var seconds: Int
    var nanoseconds: Int

    init(path: String) {
      var info = stat()
      // A file that is missing for a moment has a stamp as well: none of another's.
      _ = stat(path, &info)
      device = UInt(info.st_dev)
      inode = UInt(info.st_ino)
      size = Int(info.st_size)
      seconds = Int(info.st_mtim.tv_sec)
      nanoseconds = Int(info.st_mtim.tv_nsec)
    }
  }

  private struct State {
    var context: TLSContext
    var stamps: [Stamp]
    var lookedAt: ContinuousClock.Instant
  }

  private let files: TLSConfiguration
  private let logger: Logger
  private let state: Mutex<State>

  /// Connections that come faster than this do not each ask for the files.
  private static let interval = Duration.seconds(1)

  /// - Throws: `TLSError` naming the file that cannot be used.
  init(_ files: TLSConfiguration, logger: Logger) throws(TLSError) {
    self.files = files
    self.logger = logger
    let stamps = Self.stamps(files)
    state = Mutex(
      State(context: try TLSContext(server: files), stamps: stamps, lookedAt: .now)
    )
  }

  private static func stamps(_ files: TLSConfiguration) -> [Stamp] {
    [files.certificateChainFile, files.privateKeyFile, files.trustRootsFile].map(Stamp.init(path:))
  }

  /// The certificates of a connection that begins now.
  func current(now: ContinuousClock.Instant = .now) -> TLSContext {
    state.withLock { state in
      guard state.lookedAt.duration(to: now) >= Self.interval else { return state.context }
      state.lookedAt = now
      let stamps = Self.stamps(files)
      guard stamps != state.stamps else { return state.context }
      // Also after a failure: it is tried again when a file changes again.
      state.stamps = stamps
      do throws(TLSError) {
        state.context = try TLSContext(server: files)
        logger.info(
          "certificates were read again",
          metadata: ["file": "\(files.certificateChainFile)"]
        )
      } catch {
        logger.error(
          "the changed certificates cannot be used; the old ones stay in use",
          metadata: ["error": "\(error)"]
        )
      }
      return state.context
    }
  }
}
