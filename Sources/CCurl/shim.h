#ifndef SLUICE_CCURL_SHIM_H
#define SLUICE_CCURL_SHIM_H
// The macros of typecheck-gcc.h hide the variadic functions from the wrappers below; each of these
// takes one exact type instead, so the check is not needed.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <sys/socket.h>

// curl_easy_setopt(3) is variadic, and Swift calls no variadic C function. One wrapper for each type
// that its third argument can have (curl.h: CURLOPTTYPE_*).
static inline CURLcode sluice_set_long(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode sluice_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(easy, option, value);
}
// libcurl copies the text (all CURLOPTTYPE_STRINGPOINT options that are used here).
static inline CURLcode sluice_set_text(CURL *easy, CURLoption option, const char *value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode sluice_set_pointer(CURL *easy, CURLoption option, void *value) {
  return curl_easy_setopt(easy, option, value);
}
// Not copied: the caller keeps the list until the handle is gone.
static inline CURLcode sluice_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
  return curl_easy_setopt(easy, option, value);
}
// A function pointer does not pass through `void *` in Swift. CURLOPT_WRITEFUNCTION, _HEADERFUNCTION
// and _READFUNCTION share this shape.
static inline CURLcode sluice_set_transfer_function(
    CURL *easy, CURLoption option, size_t (*function)(char *, size_t, size_t, void *)) {
  return curl_easy_setopt(easy, option, function);
}
static inline CURLcode sluice_set_open_socket_function(
    CURL *easy, curl_socket_t (*function)(void *, curlsocktype, struct curl_sockaddr *)) {
  return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, function);
}
static inline CURLcode sluice_set_seek_function(
    CURL *easy, int (*function)(void *, curl_off_t, int)) {
  return curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, function);
}
static inline CURLcode sluice_set_progress_function(
    CURL *easy, int (*function)(void *, curl_off_t, curl_off_t, curl_off_t, curl_off_t)) {
  return curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, function);
}

// curl_easy_getinfo(3) is variadic too.
static inline CURLcode sluice_get_long(CURL *easy, CURLINFO info, long *value) {
  return curl_easy_getinfo(easy, info, value);
}
static inline CURLcode sluice_get_offset(CURL *easy, CURLINFO info, curl_off_t *value) {
  return curl_easy_getinfo(easy, info, value);
}

// curl_multi_setopt(3) is variadic too.
static inline CURLMcode sluice_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl_multi_setopt(multi, option, value);
}

// CURLMsg keeps its result in a union named `data`, whose members Swift imports as unlabelled.
static inline CURLcode sluice_message_result(const CURLMsg *message) {
  return message->data.result;
}

// `struct curl_sockaddr` ends in a `struct sockaddr` that is longer than its type says (curl.h): the
// address is reached by its place, `addrlen` bytes of it.
static inline const void *sluice_address_bytes(const struct curl_sockaddr *address) {
  return &address->addr;
}

// Macros with casts or `long` suffixes, which Swift does not import.
static const size_t sluice_write_pause = CURL_WRITEFUNC_PAUSE;
static const size_t sluice_read_abort = CURL_READFUNC_ABORT;
static const long sluice_global_all = CURL_GLOBAL_ALL;
static const long sluice_tls_1_2 = CURL_SSLVERSION_TLSv1_2;
static const curl_socket_t sluice_bad_socket = CURL_SOCKET_BAD;
static const int sluice_pause_nothing = CURLPAUSE_CONT;
#endif
