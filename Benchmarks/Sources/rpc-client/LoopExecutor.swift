import NIOCore
import NIOPosix

/// Runs tasks on the event loop that carries the connections; there is one (`useOneLoop`).
final class LoopExecutor: TaskExecutor {
  private let loop = MultiThreadedEventLoopGroup.singleton.any()

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
