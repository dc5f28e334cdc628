import NIOCore

/// Runs tasks on an event loop: a handler that does not suspend never leaves its connection's
/// thread.
///
/// Safety: `runsNext` is touched on the loop only.
final class LoopTaskExecutor: TaskExecutor, @unchecked Sendable {
  private let loop: any EventLoop
  /// The job that comes next is run where it comes from.
  private var runsNext = false

  init(_ loop: any EventLoop) { self.loop = loop }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if loop.inEventLoop, runsNext {
      runsNext = false
      job.runSynchronously(on: asUnownedTaskExecutor())
    } else {
      loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
  }

  /// Has the task that `resume` resumes go on before this returns, until it suspends again. Only on
  /// the loop, and not from another job's middle.
  func resumeHere(_ resume: () -> Void) {
    runsNext = true
    resume()
    runsNext = false
  }
}
