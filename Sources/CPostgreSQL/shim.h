#ifndef SLUICE_CPOSTGRESQL_SHIM_H
#define SLUICE_CPOSTGRESQL_SHIM_H
#include <libpq-fe.h>
// eventfd(2), which Swift's Glibc module leaves out: a wait on libpq's socket is ended through one.
#include <sys/eventfd.h>
#endif
