#ifndef SLUICE_CPOSTGRESQL_SHIM_H
#define SLUICE_CPOSTGRESQL_SHIM_H
#include <libpq-fe.h>
#endif
