#ifndef SLUICE_COPENSSL_SHIM_H
#define SLUICE_COPENSSL_SHIM_H
// The SHA256_* functions keep their state in a plain struct: a digest of a row then costs no
// allocation and a quarter less time than through a reused EVP_MD_CTX. OpenSSL 3 marks them as
// deprecated, which would be a warning at every use.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/ssl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ec.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include "pkcs8_shim.h"
#include "process_shim.h"
#include "tls_shim.h"
#endif
