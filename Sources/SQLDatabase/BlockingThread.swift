import Glibc
import SystemThread

/// A thread of its own for a C library that blocks: Swift's cooperative pool has one thread a core,
/// and two blocked ones were measured to stop everything else on a machine of two cores.
///
/// Jobs run one at a time, in the order they were started. The queue is as long as there are
/// callers waiting for it. When the last reference goes, the jobs that are queued finish and the
/// thread ends.
public final class BlockingThread: Sendable {
  private let queue: JobQueue

  /// - Parameter name: shown by debuggers; the kernel keeps 15 bytes.
  /// - Throws: `SQLError` when the system has no thread left.
  public init(name: String) throws {
    queue = JobQueue(name: name)
    try queue.startThread()
  }

  deinit { queue.stop() }

  /// Queues `body` and returns at once.
  ///
  /// After `stop` the job fails with `SQLError` `cannotOpen`.
  public func start<T: Sendable>(_ body: @escaping @Sendable () throws -> T) -> BlockingJob<T> {
    let job = BlockingJob<T>()
    let accepted = queue.append { job.finish(Result { try body() }) }
    if !accepted { job.finish(.failure(SQLError.closed)) }
    return job
  }

  /// Queues `body` and waits for what it returns or throws. The body is not interrupted by
  /// cancellation: see `BlockingJob.abandon`.
  public func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await start(body).value
  }

  /// Lets the queued jobs finish; later ones fail.
  public func stop() { queue.stop() }
}

/// The thread's side: it owns this and not the `BlockingThread`, so that letting go of the latter
/// ends the thread.
///
/// Safety: `jobs` and `isStopped` are only touched between `lock` and `unlock`; the mutex and the
/// condition live as long as the object.
private final class JobQueue: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var jobs: [() -> Void] = []
  private var isStopped = false

  let name: String

  init(name: String) {
    self.name = name
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  func startThread() throws {
    let code = DetachedThread.start(name: name) { self.work() }
    guard code == 0 else {
      throw SQLError(
        .other,
        "the system has no thread left for \(name)",
        nativeCode: "pthread_create \(code)"
      )
    }
  }

  func append(_ job: @escaping () -> Void) -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    guard !isStopped else { return false }
    jobs.append(job)
    pthread_cond_signal(condition)
    return true
  }

  func stop() {
    pthread_mutex_lock(mutex)
    isStopped = true
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }

  private func work() {
    while let batch = takeJobs() {
      for job in batch { job() }
    }
  }

  private func takeJobs() -> [() -> Void]? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while jobs.isEmpty {
      if isStopped { return nil }
      pthread_cond_wait(condition, mutex)
    }
    defer { jobs = [] }
    return jobs
  }
}
