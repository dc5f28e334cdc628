// A connection as the load generator and the C servers see it: bytes in, bytes out, plain or TLS.
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
  uint8_t *data;
  size_t length, capacity;
};

// Makes room for `more` bytes and returns where they go; the caller adds to `length`.
uint8_t *bytes_room(struct bytes *bytes, size_t more);
void bytes_append(struct bytes *bytes, const void *data, size_t length);

enum { LOANS = 64 };

struct wire {
  int fd;
  SSL *ssl;
  struct bytes out;  // what the next flush sends, in the clear
  BIO *sealed;       // TLS records that wait for the socket
  size_t sent;       // of `out`, or of `sealed` with TLS
  bool blocked;      // the socket did not take everything
  // What goes out between two bytes of `out`, from where it lies.
  struct loan {
    size_t at;
    const uint8_t *data;
    size_t length;
  } loans[LOANS];
  unsigned loan_count;
  size_t lent;
};

// `files` are a certificate, its key and the authority of both sides.
SSL_CTX *wire_tls(bool server, char **files);
void wire_open(struct wire *wire, int fd, SSL_CTX *tls, bool server);
void wire_close(struct wire *wire);

// The number of bytes read; 0 when there are none now, -1 when the connection has ended. All that
// had arrived was read unless the buffer is full.
long wire_read(struct wire *wire, uint8_t *buffer, size_t capacity);

// Appends bytes that stay where they are until the next flush: long ones are not copied.
void wire_lend(struct wire *wire, const uint8_t *data, size_t length);

// Sends what is in `out` with one write. False when the connection is lost.
bool wire_flush(struct wire *wire);

uint64_t now_ns(void);
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
