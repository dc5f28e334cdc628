// Calls a server over N connections with M calls each at a time, and prints one line of JSON.
//
// It frames HTTP/2 itself and takes only HPACK from libnghttp2: a request is then one copy of bytes
// that were made once, and a generator that costs less than the server it drives is what makes the
// server's limit visible. Every answer is checked: status, number and length of messages.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

enum { FRAME_HEADER = 9, PREFIX = 5, MAX_FRAME = 16384, MAX_STREAMS = 1000, RING = 8192 };
enum { OUT_LIMIT = 256 * 1024, IN_CAPACITY = 256 * 1024 };
enum { STREAM_WINDOW = 1 << 20, CONNECTION_WINDOW = 16 << 20 };
enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8, HAS_PRIORITY = 32 };
enum mode { GET, ECHO, DOWN, UP };

struct stream {
  uint32_t id;
  uint64_t started;       // ns
  uint64_t sent;          // bytes of the request's body
  int64_t send_window;
  uint32_t unacknowledged;  // bytes received that no WINDOW_UPDATE has given back
  uint64_t messages, body;  // received
  uint32_t prefix_bytes, message_left;
  uint8_t prefix[PREFIX];
  uint8_t answer[32];  // the beginning of the last message
  uint32_t answer_bytes;
  int http_status, grpc_status;
};

struct connection {
  struct wire wire;
  uint8_t *in;
  size_t in_length;
  nghttp2_hd_deflater *deflater;
  nghttp2_hd_inflater *inflater;
  struct bytes request;  // HEADERS of a request, from the second on
  bool ready, wants_out;
  uint32_t next_id, first_window, unacknowledged;
  int64_t send_window;
  struct stream *streams;
  size_t next_stream;
  uint16_t ring[RING];  // stream by half its id
};

static struct {
  enum mode mode;
  int port, connections, streams;
  uint64_t size, count;
  double warmup, seconds;
  const char *path;
  char *tls[3];
  pid_t pid;
} options = {ECHO, 0, 1, 1, 100, 100000, 1, 3, NULL, {0}, 0};

static const char *mode_names[] = {"get", "echo", "down", "up"};
static const char *paths[] = {"/", "/bench.v1.Bench/Echo", "/bench.v1.Bench/Down", "/bench.v1.Bench/Up"};

// The body of every request is `unit` bytes, again and again; `pattern` is that, long enough for a
// frame that begins anywhere in it.
static struct bytes pattern;
static size_t unit;
static uint64_t body_bytes, message_bytes, wanted_messages, wanted_body;

static uint64_t now, calls, messages, errors, request_number;
static bool measuring;

// MARK: Latencies

// 64 classes to each power of two: 1.6 % wide.
enum { SUB = 6, CLASSES = 64 << SUB };
static uint64_t latencies[CLASSES];

static unsigned latency_class(uint64_t ns) {
  if (ns < 1 << SUB) return (unsigned)ns;
  unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - SUB;
  return ((shift + 1) << SUB) + (unsigned)((ns >> shift) - (1 << SUB));
}

static double percentile_us(double part) {
  uint64_t total = 0, seen = 0;
  for (unsigned i = 0; i < CLASSES; i++) total += latencies[i];
  for (unsigned i = 0; i < CLASSES; i++) {
    seen += latencies[i];
    if (total && (double)seen >= part * (double)total) {
      if (i < 1 << SUB) return i / 1e3;
      unsigned shift = (i >> SUB) - 1;
      return (double)(((uint64_t)(i & ((1 << SUB) - 1)) + (1 << SUB)) << shift) / 1e3;
    }
  }
  return 0;
}

// MARK: Frames out

static uint8_t *put32(uint8_t *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
  return at + 4;
}

static uint8_t *frame_header(uint8_t *at, size_t length, int type, int flags, uint32_t id) {
  put32(at, (uint32_t)length << 8 | (uint32_t)type);
  at[4] = (uint8_t)flags;
  return put32(at + 5, id);
}

static void send_frame(struct connection *c, int type, int flags, uint32_t id, const void *payload, size_t length) {
  uint8_t *at = bytes_room(&c->wire.out, FRAME_HEADER + length);
  memcpy(frame_header(at, length, type, flags, id), payload, length);
  c->wire.out.length += FRAME_HEADER + length;
}

static void send_window_update(struct connection *c, uint32_t id, uint32_t increment) {
  uint8_t payload[4];
  put32(payload, increment);
  send_frame(c, WINDOW_UPDATE, 0, id, payload, 4);
}

#define HEADER(name, value) \
  {(uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, strlen(value), NGHTTP2_NV_FLAG_NONE}

enum { SPAN_DIGITS = 16, AFTER_SPAN = 3 };
// What a gRPC client sends with each call; the span differs from call to call, as it does in life, so
// it is a literal that no table keeps (RFC 7541, 6.2.2): 0, length, name, length, value.
static const char traceparent[] =
    "\0\013traceparent\06700-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01";

static void make_request(struct connection *c) {
  char authority[32];
  snprintf(authority, sizeof authority, "localhost:%d", options.port);
  const char *scheme = c->wire.ssl ? "https" : "http";
  nghttp2_nv get[] = {HEADER(":method", "GET"), HEADER(":scheme", scheme), HEADER(":path", options.path),
                      HEADER(":authority", authority), HEADER("user-agent", "bench-load/1")};
  nghttp2_nv post[] = {
      HEADER(":method", "POST"), HEADER(":scheme", scheme), HEADER(":path", options.path),
      HEADER(":authority", authority), HEADER("te", "trailers"), HEADER("content-type", "application/grpc"),
      HEADER("grpc-timeout", "20S"), HEADER("user-agent", "bench-load/1"), HEADER("x-workspace", "default")};
  bool is_get = options.mode == GET;
  c->request.length = 0;
  uint8_t *at = bytes_room(&c->request, 1024) + FRAME_HEADER;
  ssize_t length = nghttp2_hd_deflate_hd(c->deflater, at, 512, is_get ? get : post,
                                         is_get ? sizeof get / sizeof *get : sizeof post / sizeof *post);
  if (length < 0) die("cannot compress headers");
  if (!is_get) {
    memcpy(at + length, traceparent, sizeof traceparent - 1);
    length += sizeof traceparent - 1;
  }
  frame_header(c->request.data, (size_t)length, HEADERS, END_HEADERS | (body_bytes ? 0 : END_STREAM), 0);
  c->request.length = FRAME_HEADER + (size_t)length;
}

static void send_request(struct connection *c, uint32_t id) {
  // The first leaves its headers in the server's table; those after it only point at them.
  if (id <= 3) make_request(c);
  uint8_t *at = bytes_room(&c->wire.out, c->request.length);
  memcpy(at, c->request.data, c->request.length);
  put32(at + 5, id);
  c->wire.out.length += c->request.length;
  if (options.mode == GET) return;
  uint64_t span = ++request_number;
  for (uint8_t *digit = at + c->request.length - AFTER_SPAN - 1; span; span >>= 4) *digit-- = "0123456789abcdef"[span & 15];
}

// False when the windows are shut or the request is complete.
static bool send_data(struct connection *c, struct stream *s) {
  uint64_t left = body_bytes - s->sent;
  int64_t room = s->send_window < c->send_window ? s->send_window : c->send_window;
  if (!left || room <= 0) return false;
  size_t length = left < MAX_FRAME ? left : MAX_FRAME;
  if ((int64_t)length > room) length = (size_t)room;
  int flags = length == left ? END_STREAM : 0;
  frame_header(bytes_room(&c->wire.out, FRAME_HEADER), length, DATA, flags, s->id);
  c->wire.out.length += FRAME_HEADER;
  wire_lend(&c->wire, pattern.data + s->sent % unit, length);
  if (measuring && options.mode == UP) messages += (s->sent + length) / unit - s->sent / unit;
  s->sent += length;
  s->send_window -= (int64_t)length;
  c->send_window -= (int64_t)length;
  return true;
}

static bool is_full(const struct connection *c) { return c->wire.out.length + c->wire.lent >= OUT_LIMIT; }

static void begin_call(struct connection *c, struct stream *s) {
  int64_t window = c->first_window;
  memset(s, 0, sizeof *s);
  s->id = c->next_id;
  s->started = now;
  s->send_window = window;
  s->grpc_status = -1;
  c->next_id += 2;
  c->ring[s->id / 2 % RING] = (uint16_t)(s - c->streams);
  send_request(c, s->id);
  while (!is_full(c) && options.mode != UP && send_data(c, s)) {}
}

// Goes on with the bodies that did not fit; each stream in its turn.
static void send_bodies(struct connection *c) {
  c->wants_out = false;
  if (!body_bytes || !c->ready) return;
  size_t idle = 0, count = (size_t)options.streams;
  while (idle < count) {
    if (is_full(c)) {
      c->wants_out = true;
      return;
    }
    idle = send_data(c, &c->streams[c->next_stream]) ? 0 : idle + 1;
    c->next_stream = (c->next_stream + 1) % count;
  }
}

// MARK: Frames in

static void complain(const char *what, long long value) {
  if (errors++ < 5) fprintf(stderr, "%s: %s %lld\n", mode_names[options.mode], what, value);
}

static void end_call(struct connection *c, struct stream *s) {
  if (s->http_status != 200) complain("HTTP status", s->http_status);
  else if (options.mode != GET && s->grpc_status != 0) complain("grpc-status", s->grpc_status);
  else if (s->messages != wanted_messages || s->message_left || s->prefix_bytes) complain("messages", (long long)s->messages);
  else if (options.mode != UP && s->body != wanted_body) complain("bytes", (long long)s->body);
  else if (s->sent != body_bytes) complain("answered after bytes", (long long)s->sent);
  else if (measuring) {
    calls++;
    if (options.mode == ECHO || options.mode == GET) messages++;
    latencies[latency_class(now - s->started)]++;
  }
  if (options.mode == UP) {
    // UpResponse.count, a varint.
    uint64_t count = 0;
    for (unsigned i = 1; i < s->answer_bytes; i++) {
      count |= (uint64_t)(s->answer[i] & 127) << 7 * (i - 1);
      if (s->answer[i] < 128) break;
    }
    if (s->answer[0] != 8 || count != options.count) complain("the server counted", (long long)count);
  }
  begin_call(c, s);
}

static void read_messages(struct stream *s, const uint8_t *data, size_t length) {
  s->body += length;
  while (length) {
    if (s->prefix_bytes < PREFIX) {
      s->prefix[s->prefix_bytes++] = *data++;
      length--;
      if (s->prefix_bytes < PREFIX) continue;
      uint32_t size;
      memcpy(&size, s->prefix + 1, 4);
      s->message_left = ntohl(size);
      s->answer_bytes = 0;
      if (s->prefix[0] || (options.mode != UP && s->message_left != message_bytes)) complain("a message of", s->message_left);
    }
    size_t part = length < s->message_left ? length : s->message_left;
    for (size_t i = 0; i < part && s->answer_bytes < sizeof s->answer; i++) s->answer[s->answer_bytes++] = data[i];
    data += part;
    length -= part;
    s->message_left -= (uint32_t)part;
    if (!s->message_left) {
      s->prefix_bytes = 0;
      s->messages++;
      if (measuring && options.mode == DOWN) messages++;
    }
  }
}

static void read_data(struct connection *c, struct stream *s, const uint8_t *data, size_t length, size_t frame, bool ended) {
  if (options.mode == GET) s->body += length;
  else read_messages(s, data, length);
  c->unacknowledged += (uint32_t)frame;
  if (c->unacknowledged > CONNECTION_WINDOW / 2) {
    send_window_update(c, 0, c->unacknowledged);
    c->unacknowledged = 0;
  }
  s->unacknowledged += (uint32_t)frame;
  if (s->unacknowledged > STREAM_WINDOW / 2 && !ended) {
    send_window_update(c, s->id, s->unacknowledged);
    s->unacknowledged = 0;
  }
}

static void read_headers(struct connection *c, struct stream *s, const uint8_t *block, size_t length) {
  for (;;) {
    int flags = 0;
    nghttp2_nv header;
    ssize_t count = nghttp2_hd_inflate_hd2(c->inflater, &header, &flags, block, length, 1);
    if (count < 0) die("cannot decompress headers: %s", nghttp2_strerror((int)count));
    block += count;
    length -= (size_t)count;
    if (flags & NGHTTP2_HD_INFLATE_EMIT) {
      if (header.namelen == 7 && !memcmp(header.name, ":status", 7)) s->http_status = atoi((char *)header.value);
      if (header.namelen == 11 && !memcmp(header.name, "grpc-status", 11)) s->grpc_status = atoi((char *)header.value);
    }
    if (flags & NGHTTP2_HD_INFLATE_FINAL) break;
    if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && !length) break;
  }
  nghttp2_hd_inflate_end_headers(c->inflater);
}

static uint32_t get32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}

static void read_settings(struct connection *c, const uint8_t *payload, size_t length) {
  uint32_t table = 4096;
  for (; length >= 6; payload += 6, length -= 6) {
    uint32_t value = get32(payload + 2);
    switch (payload[0] << 8 | payload[1]) {
    case NGHTTP2_SETTINGS_HEADER_TABLE_SIZE: table = value < table ? value : table; break;
    case NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS:
      if (value < (uint32_t)options.streams) die("the server takes %u streams only", value);
      break;
    case NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE:
      for (int i = 0; i < options.streams && c->ready; i++) c->streams[i].send_window += (int64_t)value - c->first_window;
      c->first_window = value;
    }
  }
  send_frame(c, SETTINGS, ACK, 0, "", 0);
  if (c->ready) return;
  c->ready = true;
  nghttp2_hd_deflate_change_table_size(c->deflater, table);
  for (int i = 0; i < options.streams; i++) begin_call(c, &c->streams[i]);
}

static struct stream *find_stream(struct connection *c, uint32_t id) {
  struct stream *s = &c->streams[c->ring[id / 2 % RING]];
  return s->id == id ? s : NULL;
}

static void read_frame(struct connection *c, int type, int flags, uint32_t id, const uint8_t *payload, size_t length) {
  struct stream *s = id ? find_stream(c, id) : NULL;
  size_t frame = length;
  if ((type == DATA || type == HEADERS) && flags & PADDED) {
    length -= 1u + payload[0];
    payload++;
  }
  switch (type) {
  case DATA:
    if (!s) die("DATA for a stream that has ended");
    read_data(c, s, payload, length, frame, flags & END_STREAM);
    break;
  case HEADERS:
    if (!(flags & END_HEADERS) || !s) die("HEADERS in pieces, or for a stream that has ended");
    if (flags & HAS_PRIORITY) payload += 5, length -= 5;
    read_headers(c, s, payload, length);
    break;
  case SETTINGS:
    if (!(flags & ACK)) read_settings(c, payload, length);
    break;
  case PING:
    if (!(flags & ACK)) send_frame(c, PING, ACK, 0, payload, 8);
    break;
  case WINDOW_UPDATE:
    if (s) s->send_window += get32(payload);
    else if (!id) c->send_window += get32(payload);
    break;
  case GOAWAY: die("the server said goodbye, code %u: %.*s", get32(payload + 4), (int)length - 8, payload + 8);
  case RST_STREAM:
    if (!s) break;
    complain("reset with code", get32(payload));
    begin_call(c, s);
  }
  if (s && (type == DATA || type == HEADERS) && flags & END_STREAM) end_call(c, s);
}

static void read_frames(struct connection *c) {
  long count;
  size_t room;
  do {
    room = IN_CAPACITY - c->in_length;
    count = wire_read(&c->wire, c->in + c->in_length, room);
    if (count < 0) die("the server closed a connection");
    c->in_length += (size_t)count;
    size_t at = 0;
    while (c->in_length - at >= FRAME_HEADER) {
      const uint8_t *head = c->in + at;
      size_t length = get32(head) >> 8;
      if (length > MAX_FRAME) die("a frame of %zu bytes", length);
      if (c->in_length - at < FRAME_HEADER + length) break;
      read_frame(c, head[3], head[4], get32(head + 5) & 0x7fffffff, head + FRAME_HEADER, length);
      at += FRAME_HEADER + length;
    }
    memmove(c->in, c->in + at, c->in_length - at);
    c->in_length -= at;
  } while ((size_t)count == room);
}

// MARK: Connections

static void connect_to_server(struct connection *c, SSL_CTX *tls) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address)) die("cannot connect to port %d: %s", options.port, strerror(errno));
  fcntl(fd, F_SETFL, O_NONBLOCK);
  wire_open(&c->wire, fd, tls, false);
  c->in = malloc(IN_CAPACITY);
  c->streams = calloc((size_t)options.streams, sizeof *c->streams);
  nghttp2_hd_deflate_new(&c->deflater, 4096);
  nghttp2_hd_inflate_new(&c->inflater);
  c->next_id = 1;
  c->first_window = 65535;
  c->send_window = 65535;

  bytes_append(&c->wire.out, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
  uint8_t settings[12] = {0, NGHTTP2_SETTINGS_ENABLE_PUSH, 0, 0, 0, 0, 0, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE};
  put32(settings + 8, STREAM_WINDOW);
  send_frame(c, SETTINGS, 0, 0, settings, sizeof settings);
  send_window_update(c, 0, CONNECTION_WINDOW - 65535);
}

static void flush(struct connection *c, int poll) {
  bool watched = c->wire.blocked || c->wants_out, lives = true;
  if (c->wire.blocked) lives = wire_flush(&c->wire);
  if (lives && !c->wire.blocked) {
    send_bodies(c);
    lives = wire_flush(&c->wire);
  }
  if (!lives) die("the server closed a connection");
  bool watch = c->wire.blocked || c->wants_out;
  if (watch == watched) return;
  struct epoll_event event = {.events = EPOLLIN | (watch ? (uint32_t)EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(poll, EPOLL_CTL_MOD, c->wire.fd, &event);
}

// Where the connections have got to at `end`.
static void run_until(uint64_t end, int poll) {
  struct epoll_event events[64];
  while ((now = now_ns()) < end) {
    int count = epoll_wait(poll, events, 64, (int)((end - now) / 1000000) + 1);
    now = now_ns();
    for (int i = 0; i < count; i++) {
      struct connection *c = events[i].data.ptr;
      if (events[i].events & ~(uint32_t)EPOLLOUT) read_frames(c);
      flush(c, poll);
    }
  }
}

// MARK: What is asked, and what came of it

// Processor time of a whole process, its threads' together.
static uint64_t cpu_ns(pid_t pid) {
  clockid_t clock;
  struct timespec time;
  if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time)) die("no process %d", pid);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint8_t *put_varint(uint8_t *at, uint64_t value) {
  for (; value > 127; value >>= 7) *at++ = (uint8_t)(value | 128);
  *at++ = (uint8_t)value;
  return at;
}

static void make_bodies(void) {
  uint8_t head[32], *end = head;
  *end++ = 0x0a;  // Blob.body
  end = put_varint(end, options.size);
  message_bytes = (uint64_t)(end - head) + options.size;
  wanted_messages = options.mode == GET ? 0 : options.mode == DOWN ? options.count : 1;
  wanted_body = options.mode == GET ? options.size : wanted_messages * (PREFIX + message_bytes);
  if (options.mode == GET) return;

  uint64_t filling = options.size;
  if (options.mode == DOWN) {
    end = head;
    *end++ = 0x08;  // DownRequest.count, .size
    end = put_varint(end, options.count);
    *end++ = 0x10;
    end = put_varint(end, options.size);
    filling = 0;
  }
  size_t head_bytes = (size_t)(end - head);
  unit = PREFIX + head_bytes + filling;
  body_bytes = options.mode == UP ? unit * options.count : unit;
  while (pattern.length < unit + MAX_FRAME) {
    uint8_t prefix[PREFIX] = {0};
    put32(prefix + 1, (uint32_t)(head_bytes + filling));
    bytes_append(&pattern, prefix, PREFIX);
    bytes_append(&pattern, head, head_bytes);
    memset(bytes_room(&pattern, filling), 'x', filling);
    pattern.length += filling;
  }
}

static void parse(int argc, char **argv) {
  static const struct option names[] = {
      {"mode", 1, 0, 'm'}, {"port", 1, 0, 'p'}, {"connections", 1, 0, 'c'}, {"streams", 1, 0, 's'},
      {"size", 1, 0, 'b'}, {"count", 1, 0, 'n'}, {"warmup", 1, 0, 'w'}, {"seconds", 1, 0, 't'},
      {"path", 1, 0, 'u'}, {"pid", 1, 0, 'i'}, {"certificate", 1, 0, 'C'}, {"key", 1, 0, 'K'},
      {"authority", 1, 0, 'A'}, {0}};
  for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (name) {
    case 'm':
      for (options.mode = GET; strcmp(optarg, mode_names[options.mode]); options.mode++)
        if (options.mode == UP) die("--mode is get, echo, down or up");
      break;
    case 'p': options.port = atoi(optarg); break;
    case 'c': options.connections = atoi(optarg); break;
    case 's': options.streams = atoi(optarg); break;
    case 'b': options.size = strtoull(optarg, NULL, 10); break;
    case 'n': options.count = strtoull(optarg, NULL, 10); break;
    case 'w': options.warmup = atof(optarg); break;
    case 't': options.seconds = atof(optarg); break;
    case 'u': options.path = optarg; break;
    case 'i': options.pid = atoi(optarg); break;
    case 'C': options.tls[0] = optarg; break;
    case 'K': options.tls[1] = optarg; break;
    case 'A': options.tls[2] = optarg; break;
    default: exit(2);
    }
  if (optind < argc || !options.port) die("--port is needed, and nothing but options");
  if (options.streams < 1 || options.streams > MAX_STREAMS) die("--streams is 1 to %d", MAX_STREAMS);
  if (!options.path) options.path = paths[options.mode];
}

int main(int argc, char **argv) {
  parse(argc, argv);
  make_bodies();
  SSL_CTX *tls = options.tls[0] ? wire_tls(false, options.tls) : NULL;
  int poll = epoll_create1(EPOLL_CLOEXEC);
  struct connection *connections = calloc((size_t)options.connections, sizeof *connections);
  for (int i = 0; i < options.connections; i++) {
    connect_to_server(&connections[i], tls);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
    epoll_ctl(poll, EPOLL_CTL_ADD, connections[i].wire.fd, &event);
    flush(&connections[i], poll);
  }

  run_until(now_ns() + (uint64_t)(options.warmup * 1e9), poll);
  uint64_t server = options.pid ? cpu_ns(options.pid) : 0, own = cpu_ns(0), began = now_ns();
  measuring = true;
  run_until(began + (uint64_t)(options.seconds * 1e9), poll);
  uint64_t ns = now_ns() - began;
  own = cpu_ns(0) - own;
  if (options.pid) server = cpu_ns(options.pid) - server;

  double each = 1e3 * (double)(messages ? messages : 1);
  printf("{\"mode\": \"%s\", \"connections\": %d, \"streams\": %d, \"size\": %llu, \"seconds\": %.3f, "
         "\"calls\": %llu, \"count\": %llu, \"rate\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
         "\"server_cpu_us\": %.3f, \"server_busy\": %.3f, \"load_cpu_us\": %.3f, \"load_busy\": %.3f, \"errors\": %llu}\n",
         mode_names[options.mode], options.connections, options.streams, (unsigned long long)options.size,
         (double)ns / 1e9, (unsigned long long)calls, (unsigned long long)messages,
         (double)messages / ((double)ns / 1e9), percentile_us(0.5), percentile_us(0.99),
         (double)server / each, (double)server / (double)ns, (double)own / each, (double)own / (double)ns,
         (unsigned long long)errors);
  return errors || !messages;
}
