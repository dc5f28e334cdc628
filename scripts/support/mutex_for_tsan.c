// Tells the thread sanitizer what Swift's Mutex does where the sanitizer does not look.
//
// Taking and releasing a Mutex that nobody else wants is an atomic exchange in the program's own
// code, which the sanitizer sees. A contended Mutex changes hands inside the kernel, called from
// libswiftSynchronization, which is not instrumented: the sanitizer then misses that one thread's
// release comes before the other's acquisition, and reports whatever the Mutex guards as a race.
//
// These functions stand before the library's own (the program is linked with them), call them, and
// announce that order for the one Mutex that they were called for. Nothing is suppressed: what
// another Mutex guards, or none, is still a race. scripts/sanitize shows both before every run.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define SWIFT __attribute__((swiftcall))
// The Mutex's handle, the `self` of its methods, comes in the register that Swift has for it.
#define HANDLE __attribute__((swift_context)) void *handle

// Synchronization._MutexHandle._lockSlow(UInt32), ._tryLockSlow() and ._unlockSlow()
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void lock_slow(uint32_t thread, HANDLE) __asm__(LOCK);
SWIFT bool try_lock_slow(HANDLE) __asm__(TRY_LOCK);
SWIFT void unlock_slow(HANDLE) __asm__(UNLOCK);

static void *library_function(const char *name) {
  void *function = dlsym(RTLD_NEXT, name);
  if (function == NULL) {
    fprintf(stderr, "mutex_for_tsan: this Swift has no %s; its Mutex works otherwise\n", name);
    abort();
  }
  return function;
}

SWIFT void lock_slow(uint32_t thread, HANDLE) {
  typedef SWIFT void function(uint32_t, HANDLE);
  ((function *)library_function(LOCK))(thread, handle);
  __tsan_acquire(handle);
}

SWIFT bool try_lock_slow(HANDLE) {
  typedef SWIFT bool function(HANDLE);
  bool is_locked = ((function *)library_function(TRY_LOCK))(handle);
  if (is_locked) __tsan_acquire(handle);
  return is_locked;
}

SWIFT void unlock_slow(HANDLE) {
  typedef SWIFT void function(HANDLE);
  __tsan_release(handle);
  ((function *)library_function(UNLOCK))(handle);
}
