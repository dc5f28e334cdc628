// bench.v1.Bench on the libraries that Sluice's engine uses, and nothing else: what a server of this
// kind cannot be cheaper than. One thread, epoll, nghttp2, one write a connection and turn.
//   floor PORT [CERTIFICATE KEY AUTHORITY]
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

enum { PREFIX = 5, OUT_LIMIT = 256 * 1024, IN_CAPACITY = 256 * 1024, MAX_STREAMS = 100 };
enum { STREAM_WINDOW = 1 << 20, CONNECTION_WINDOW = 16 << 20, MAX_MESSAGE = 4 << 20 };
enum method { UNKNOWN, ECHO, DOWN, UP };

struct stream {
  int32_t id;
  enum method method;
  struct bytes request, unit;     // the request as it came; the message that the response repeats
  uint64_t at, total;             // of the response
  uint64_t messages, body;        // of an upload
  uint32_t prefix_bytes, left;    // of an upload's current message
  uint8_t prefix[PREFIX];
  struct stream *next;            // in the list of those to be used again
};

struct connection {
  struct wire wire;
  nghttp2_session *session;
  bool watched;
};

static struct stream *unused;
static nghttp2_session_callbacks *callbacks;
static uint8_t in[IN_CAPACITY];

static struct stream *new_stream(int32_t id) {
  struct stream *s = unused;
  if (!s) {
    s = calloc(1, sizeof *s);
  } else {
    unused = s->next;
    struct bytes request = s->request, unit = s->unit;
    memset(s, 0, sizeof *s);
    s->request = request;
    s->unit = unit;
    s->request.length = s->unit.length = 0;
  }
  s->id = id;
  return s;
}

// MARK: Messages

static uint32_t get32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}

static uint8_t *put_varint(uint8_t *at, uint64_t value) {
  for (; value > 127; value >>= 7) *at++ = (uint8_t)(value | 128);
  *at++ = (uint8_t)value;
  return at;
}

// The fields 1 and 2 of a message that has no others.
static bool get_fields(const uint8_t *at, const uint8_t *end, uint64_t fields[2]) {
  while (at < end) {
    unsigned number = *at++ >> 3, shift = 0;
    if (number < 1 || number > 2) return false;
    for (fields[number - 1] = 0; at < end; shift += 7) {
      fields[number - 1] |= (uint64_t)(*at & 127) << shift;
      if (*at++ < 128) break;
    }
  }
  return true;
}

static void begin_message(struct stream *s, size_t capacity) {
  memset(bytes_room(&s->unit, PREFIX + capacity), 0, PREFIX);
  s->unit.length = PREFIX;
}

static void end_message(struct stream *s, uint8_t *end, uint64_t count) {
  s->unit.length = (size_t)(end - s->unit.data);
  uint32_t size = htonl((uint32_t)(s->unit.length - PREFIX));
  memcpy(s->unit.data + 1, &size, 4);
  s->total = s->unit.length * count;
}

static void count_messages(struct stream *s, const uint8_t *data, size_t length) {
  while (length) {
    if (s->prefix_bytes < PREFIX) {
      s->prefix[s->prefix_bytes++] = *data++;
      length--;
      if (s->prefix_bytes < PREFIX) continue;
      s->left = get32(s->prefix + 1);
      s->body += s->left;
    }
    uint32_t part = length < s->left ? (uint32_t)length : s->left;
    data += part;
    length -= part;
    s->left -= part;
    if (!s->left) s->prefix_bytes = 0, s->messages++;
  }
}

// MARK: Answers

static ssize_t give(nghttp2_session *session, int32_t id, uint8_t *buffer, size_t length, uint32_t *flags,
                    nghttp2_data_source *source, void *context) {
  (void)buffer, (void)context;
  struct stream *s = source->ptr;
  uint64_t left = s->total - s->at;
  if (left > length) left = length;
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (s->at + left == s->total) {
    static const nghttp2_nv trailers[] = {{(uint8_t *)"grpc-status", (uint8_t *)"0", 11, 1,
                                           NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE}};
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    nghttp2_submit_trailer(session, id, trailers, 1);
  }
  return (ssize_t)left;
}

static int put_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head, size_t length,
                    nghttp2_data_source *source, void *context) {
  (void)session, (void)frame;
  struct connection *c = context;
  struct stream *s = source->ptr;
  bytes_append(&c->wire.out, head, 9);
  while (length) {
    size_t from = s->at % s->unit.length, part = s->unit.length - from;
    if (part > length) part = length;
    // It is not used again before the flush: streams begin only when something was read.
    wire_lend(&c->wire, s->unit.data + from, part);
    s->at += part;
    length -= part;
  }
  return 0;
}

#define NO_COPY (NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE)

static void refuse(nghttp2_session *session, struct stream *s, const char *status) {
  const nghttp2_nv headers[] = {
      {(uint8_t *)":status", (uint8_t *)"200", 7, 3, NO_COPY},
      {(uint8_t *)"content-type", (uint8_t *)"application/grpc", 12, 16, NO_COPY},
      {(uint8_t *)"grpc-status", (uint8_t *)status, 11, strlen(status), NGHTTP2_NV_FLAG_NO_COPY_NAME}};
  nghttp2_submit_response(session, s->id, headers, 3, NULL);
}

static void answer(nghttp2_session *session, struct stream *s) {
  struct bytes *request = &s->request;
  uint64_t fields[2] = {0};
  switch (s->method) {
  case UNKNOWN: return refuse(session, s, "12");
  case ECHO: {
    if (request->length < PREFIX || get32(request->data + 1) != request->length - PREFIX) return refuse(session, s, "13");
    struct bytes unit = s->unit;
    s->unit = *request;
    *request = unit;
    s->total = s->unit.length;
    break;
  }
  case DOWN: {
    if (request->length < PREFIX || !get_fields(request->data + PREFIX, request->data + request->length, fields) ||
        fields[1] > MAX_MESSAGE)
      return refuse(session, s, "3");
    begin_message(s, fields[1] + 16);
    uint8_t *at = s->unit.data + PREFIX;
    *at++ = 0x0a;  // Blob.body
    at = put_varint(at, fields[1]);
    memset(at, 'x', fields[1]);
    end_message(s, at + fields[1], fields[0]);
    break;
  }
  case UP: {
    begin_message(s, 32);
    uint8_t *at = s->unit.data + PREFIX;
    *at++ = 0x08;  // UpResponse.count, .bytes
    at = put_varint(at, s->messages);
    *at++ = 0x10;
    end_message(s, put_varint(at, s->body), 1);
  }
  }
  static const nghttp2_nv headers[] = {
      {(uint8_t *)":status", (uint8_t *)"200", 7, 3, NO_COPY},
      {(uint8_t *)"content-type", (uint8_t *)"application/grpc", 12, 16, NO_COPY}};
  nghttp2_data_provider body = {.source.ptr = s, .read_callback = give};
  nghttp2_submit_response(session, s->id, headers, 2, &body);
}

// MARK: Requests

static int begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *context) {
  (void)context;
  if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, new_stream(frame->hd.stream_id));
  return 0;
}

static int take_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_length,
                       const uint8_t *value, size_t length, uint8_t flags, void *context) {
  (void)flags, (void)context;
  static const char *paths[] = {"", "/bench.v1.Bench/Echo", "/bench.v1.Bench/Down", "/bench.v1.Bench/Up"};
  if (name_length != 5 || memcmp(name, ":path", 5)) return 0;
  struct stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
  for (enum method method = ECHO; s && method <= UP; method++)
    if (length == strlen(paths[method]) && !memcmp(value, paths[method], length)) s->method = method;
  return 0;
}

static int take_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t length, void *context) {
  (void)flags, (void)context;
  struct stream *s = nghttp2_session_get_stream_user_data(session, id);
  if (s->method == UP) count_messages(s, data, length);
  else if (s->request.length + length > MAX_MESSAGE + PREFIX) return NGHTTP2_ERR_CALLBACK_FAILURE;
  else bytes_append(&s->request, data, length);
  return 0;
}

static int take_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context) {
  (void)context;
  if (frame->hd.type > NGHTTP2_HEADERS || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
  struct stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
  if (s) answer(session, s);
  return 0;
}

static int close_stream(nghttp2_session *session, int32_t id, uint32_t code, void *context) {
  (void)code, (void)context;
  struct stream *s = nghttp2_session_get_stream_user_data(session, id);
  if (!s) return 0;
  s->next = unused;
  unused = s;
  return 0;
}

// MARK: Connections

static bool send_frames(struct connection *c) {
  if (c->wire.blocked && !wire_flush(&c->wire)) return false;
  while (!c->wire.blocked) {
    while (c->wire.out.length + c->wire.lent < OUT_LIMIT) {
      const uint8_t *data;
      ssize_t count = nghttp2_session_mem_send(c->session, &data);
      if (count < 0) return false;
      if (!count) break;
      bytes_append(&c->wire.out, data, (size_t)count);
    }
    bool more = c->wire.out.length + c->wire.lent >= OUT_LIMIT;
    if (!wire_flush(&c->wire)) return false;
    if (!more) break;
  }
  return true;
}

static bool serve(struct connection *c, int poll) {
  long count;
  do {
    count = wire_read(&c->wire, in, sizeof in);
    if (count < 0 || nghttp2_session_mem_recv(c->session, in, (size_t)count) < 0) return false;
  } while ((size_t)count == sizeof in);
  if (!send_frames(c)) return false;
  if (c->wire.blocked != c->watched) {
    c->watched = c->wire.blocked;
    struct epoll_event event = {.events = EPOLLIN | (c->watched ? (uint32_t)EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(poll, EPOLL_CTL_MOD, c->wire.fd, &event);
  }
  return true;
}

static void accept_connection(int listener, SSL_CTX *tls, int poll) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  struct connection *c = calloc(1, sizeof *c);
  wire_open(&c->wire, fd, tls, true);
  nghttp2_session_server_new(&c->session, callbacks, c);
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MAX_STREAMS},
                                             {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW}};
  nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, settings, 2);
  nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

static void close_connection(struct connection *c) {
  // Its streams in flight are not worth finding: a benchmark's clients leave once.
  nghttp2_session_del(c->session);
  wire_close(&c->wire);
  free(c);
}

int main(int argc, char **argv) {
  if (argc != 2 && argc != 5) die("say PORT, or PORT CERTIFICATE KEY AUTHORITY");
  SSL_CTX *tls = argc == 5 ? wire_tls(true, argv + 2) : NULL;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, take_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, take_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, take_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, close_stream);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, put_data);

  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 256))
    die("cannot listen on port %s: %s", argv[1], strerror(errno));
  int poll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);

  for (;;) {
    struct epoll_event events[64];
    int count = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < count; i++) {
      struct connection *c = events[i].data.ptr;
      if (!c) accept_connection(listener, tls, poll);
      else if (!serve(c, poll)) close_connection(c);
    }
  }
}
