#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

uint8_t *bytes_room(struct bytes *bytes, size_t more) {
  if (bytes->capacity - bytes->length < more) {
    size_t capacity = bytes->capacity ? bytes->capacity : 4096;
    while (capacity - bytes->length < more) capacity *= 2;
    bytes->data = realloc(bytes->data, capacity);
    if (!bytes->data) die("out of memory");
    bytes->capacity = capacity;
  }
  return bytes->data + bytes->length;
}

void bytes_append(struct bytes *bytes, const void *data, size_t length) {
  memcpy(bytes_room(bytes, length), data, length);
  bytes->length += length;
}

// MARK: TLS

static int choose_h2(SSL *ssl, const unsigned char **chosen, unsigned char *length,
                     const unsigned char *offered, unsigned int offered_length, void *unused) {
  (void)ssl, (void)unused;
  for (unsigned int at = 0; at + offered[at] < offered_length; at += offered[at] + 1u) {
    if (offered[at] == 2 && !memcmp(offered + at + 1, "h2", 2)) {
      *chosen = offered + at + 1;
      *length = 2;
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

SSL_CTX *wire_tls(bool server, char **files) {
  SSL_CTX *tls = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
  SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
  if (SSL_CTX_use_certificate_chain_file(tls, files[0]) != 1 ||
      SSL_CTX_use_PrivateKey_file(tls, files[1], SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_load_verify_file(tls, files[2]) != 1)
    die("cannot use %s, %s and %s", files[0], files[1], files[2]);
  SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
  // One read takes several records; without this each costs two, its header's and its body's.
  SSL_CTX_set_read_ahead(tls, 1);
  SSL_CTX_set_default_read_buffer_len(tls, 64 * 1024);
  if (server) {
    SSL_CTX_set_num_tickets(tls, 0);
    SSL_CTX_set_alpn_select_cb(tls, choose_h2, NULL);
  } else {
    SSL_CTX_set_alpn_protos(tls, (const unsigned char *)"\2h2", 3);
  }
  return tls;
}

// MARK: Connections

void wire_open(struct wire *wire, int fd, SSL_CTX *tls, bool server) {
  memset(wire, 0, sizeof *wire);
  wire->fd = fd;
  int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (!tls) return;
  wire->ssl = SSL_new(tls);
  wire->sealed = BIO_new(BIO_s_mem());
  SSL_set0_rbio(wire->ssl, BIO_new_socket(fd, BIO_NOCLOSE));
  SSL_set0_wbio(wire->ssl, wire->sealed);
  if (server) {
    SSL_set_accept_state(wire->ssl);
  } else {
    SSL_set1_host(wire->ssl, "localhost");
    SSL_set_tlsext_host_name(wire->ssl, "localhost");
    SSL_set_connect_state(wire->ssl);
    SSL_do_handshake(wire->ssl);
  }
}

void wire_close(struct wire *wire) {
  if (wire->ssl) SSL_free(wire->ssl);
  close(wire->fd);
  free(wire->out.data);
}

static long read_tls(struct wire *wire, uint8_t *buffer, size_t capacity) {
  size_t total = 0;
  do {
    ERR_clear_error();
    int count = SSL_read(wire->ssl, buffer + total, (int)(capacity - total));
    if (count > 0) {
      total += (size_t)count;
    } else if (SSL_get_error(wire->ssl, count) == SSL_ERROR_WANT_READ) {
      break;
    } else {
      if (ERR_peek_error()) ERR_print_errors_fp(stderr);
      return total ? (long)total : -1;
    }
  } while (total < capacity && SSL_has_pending(wire->ssl));
  return (long)total;
}

long wire_read(struct wire *wire, uint8_t *buffer, size_t capacity) {
  if (wire->ssl) return read_tls(wire, buffer, capacity);
  ssize_t count = recv(wire->fd, buffer, capacity, 0);
  if (count > 0) return count;
  return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

void wire_lend(struct wire *wire, const uint8_t *data, size_t length) {
  // A TLS record takes its bytes in one piece, and what waits for the socket must be kept anyway.
  if (length < 4096 || wire->ssl || wire->blocked || wire->loan_count == LOANS) {
    bytes_append(&wire->out, data, length);
    return;
  }
  wire->loans[wire->loan_count++] = (struct loan){wire->out.length, data, length};
  wire->lent += length;
}

// Sends `out` and what was lent; copies what the socket did not take, as loans end here.
static bool send_with_loans(struct wire *wire) {
  struct iovec parts[2 * LOANS + 1];
  unsigned count = 0;
  size_t at = 0;
  for (unsigned i = 0; i < wire->loan_count; i++) {
    const struct loan *loan = &wire->loans[i];
    parts[count++] = (struct iovec){wire->out.data + at, loan->at - at};
    parts[count++] = (struct iovec){(void *)loan->data, loan->length};
    at = loan->at;
  }
  parts[count++] = (struct iovec){wire->out.data + at, wire->out.length - at};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
  ssize_t sent = sendmsg(wire->fd, &message, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;

  size_t taken = sent < 0 ? 0 : (size_t)sent;
  struct bytes rest = {0};
  for (unsigned i = 0; i < count; i++) {
    size_t skipped = taken < parts[i].iov_len ? taken : parts[i].iov_len;
    taken -= skipped;
    if (skipped < parts[i].iov_len) bytes_append(&rest, (uint8_t *)parts[i].iov_base + skipped, parts[i].iov_len - skipped);
  }
  wire->loan_count = 0;
  wire->lent = 0;
  wire->blocked = rest.length > 0;
  wire->out.length = 0;
  if (!wire->blocked) return true;
  free(wire->out.data);
  wire->out = rest;
  return true;
}

bool wire_flush(struct wire *wire) {
  if (wire->loan_count) return send_with_loans(wire);
  const uint8_t *data = wire->out.data;
  size_t length = wire->out.length;
  if (wire->ssl) {
    if (length && SSL_is_init_finished(wire->ssl)) {
      // A memory BIO takes everything.
      if (SSL_write(wire->ssl, data, (int)length) != (int)length) return false;
      wire->out.length = 0;
    }
    char *sealed;
    long count = BIO_get_mem_data(wire->sealed, &sealed);
    data = (const uint8_t *)sealed;
    length = (size_t)count;
  }
  wire->blocked = length > wire->sent;
  if (!wire->blocked) return true;
  ssize_t count = send(wire->fd, data + wire->sent, length - wire->sent, MSG_NOSIGNAL);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  wire->sent += (size_t)count;
  if (wire->sent < length) return true;
  wire->sent = 0;
  wire->blocked = false;
  if (wire->ssl) (void)BIO_reset(wire->sealed);
  else wire->out.length = 0;
  return true;
}
