#ifndef SLUICE_COPENSSL_PKCS8_SHIM_H
#define SLUICE_COPENSSL_PKCS8_SHIM_H
// ASN1_ITEM_rptr is a macro, and the members of PBE2PARAM are reached by typed structs: RFC 8018.
#include <openssl/asn1t.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

// How much work a PKCS#8 file's own parameters ask for, in rounds of PBKDF2 (for scrypt: N * r * p);
// -1 for anything but PBES2 with PBKDF2 or scrypt.
static inline long long sluice_pbes2_cost(const X509_ALGOR *algorithm) {
  const ASN1_OBJECT *oid = NULL;
  const void *value = NULL;
  int type = 0;
  X509_ALGOR_get0(&oid, &type, &value, algorithm);
  if (OBJ_obj2nid(oid) != NID_pbes2 || type != V_ASN1_SEQUENCE) return -1;
  long long cost = -1;
  PBE2PARAM *outer = ASN1_item_unpack((const ASN1_STRING *)value, ASN1_ITEM_rptr(PBE2PARAM));
  if (outer == NULL) return -1;
  X509_ALGOR_get0(&oid, &type, &value, outer->keyfunc);
  if (type == V_ASN1_SEQUENCE && OBJ_obj2nid(oid) == NID_id_pbkdf2) {
    PBKDF2PARAM *inner = ASN1_item_unpack((const ASN1_STRING *)value, ASN1_ITEM_rptr(PBKDF2PARAM));
    if (inner != NULL) {
      int64_t rounds = 0;
      if (ASN1_INTEGER_get_int64(&rounds, inner->iter) == 1 && rounds > 0) cost = rounds;
      else cost = INT64_MAX;
      PBKDF2PARAM_free(inner);
    }
  } else if (type == V_ASN1_SEQUENCE && OBJ_obj2nid(oid) == NID_id_scrypt) {
    SCRYPT_PARAMS *inner = ASN1_item_unpack((const ASN1_STRING *)value, ASN1_ITEM_rptr(SCRYPT_PARAMS));
    if (inner != NULL) {
      uint64_t n = 0, r = 0, p = 0;
      cost = INT64_MAX;
      if (ASN1_INTEGER_get_uint64(&n, inner->costParameter) == 1
          && ASN1_INTEGER_get_uint64(&r, inner->blockSize) == 1
          && ASN1_INTEGER_get_uint64(&p, inner->parallelizationParameter) == 1
          && n <= (1u << 20) && r <= 64 && p <= 64) {
        cost = (long long)(n * r * p);
      }
      SCRYPT_PARAMS_free(inner);
    }
  }
  PBE2PARAM_free(outer);
  return cost;
}
#endif
