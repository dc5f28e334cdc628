#ifndef SLUICE_COPENSSL_TLS_SHIM_H
#define SLUICE_COPENSSL_TLS_SHIM_H
// What the RPC engine's TLS needs and Swift cannot reach: macros, and stacks of typed pointers.
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// SSL_CTX_set_min_proto_version and its sibling are macros over SSL_CTX_ctrl.
static inline int sluice_SSL_CTX_only_TLS13(SSL_CTX *context) {
  return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1
      && SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1;
}

// A macro over SSL_CTX_ctrl; sessions are not resumed, so a cache would only hold memory.
static inline void sluice_SSL_CTX_no_session_cache(SSL_CTX *context) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

// SSL_OP_CLEANSE_PLAINTEXT is a macro with a cast: decrypted bytes do not stay in OpenSSL's buffer.
static inline void sluice_SSL_CTX_cleanse_plaintext(SSL_CTX *context) {
  SSL_CTX_set_options(context, SSL_OP_CLEANSE_PLAINTEXT);
}

// A macro over SSL_ctrl.
static inline int sluice_SSL_set_server_name(SSL *ssl, const char *name) {
  return SSL_set_tlsext_host_name(ssl, name) == 1;
}

// GENERAL_NAMES is a typed stack, read by macros. Returns the length of the first URI from *index
// on and moves *index past it; -1 when there is none. The bytes belong to the names.
static inline int sluice_next_uri(GENERAL_NAMES *names, int *index, const unsigned char **bytes) {
  for (; *index < sk_GENERAL_NAME_num(names); ) {
    GENERAL_NAME *name = sk_GENERAL_NAME_value(names, (*index)++);
    if (name->type == GEN_URI) {
      *bytes = ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
      return ASN1_STRING_length(name->d.uniformResourceIdentifier);
    }
  }
  return -1;
}
#endif
