#ifndef SLUICE_COPENSSL_PROCESS_SHIM_H
#define SLUICE_COPENSSL_PROCESS_SHIM_H
// prctl(2) is variadic. No core file, no ptrace and no /proc/PID/environ for other processes of the
// same user.
#include <sys/prctl.h>

static inline int sluice_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0; }
#endif
