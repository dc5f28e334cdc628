// bench.v1.Bench on gRPC C++: one completion queue, one thread, the fastest form it has.
//   grpc-cpp-server PORT [CERTIFICATE KEY AUTHORITY]
#include <grpcpp/grpcpp.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "bench.grpc.pb.h"

namespace {

using bench::v1::Bench;
using bench::v1::Blob;
using bench::v1::DownRequest;
using bench::v1::UpResponse;

Bench::AsyncService service;
std::unique_ptr<grpc::ServerCompletionQueue> queue;

// One call, from being waited for to its end; each operation's end comes to `proceed`.
class Call {
 public:
  virtual ~Call() = default;
  virtual void proceed(bool ok) = 0;

 protected:
  grpc::ServerContext context;
};

class Echo final : public Call {
 public:
  Echo() : responder(&context) { service.RequestEcho(&context, &request, &responder, queue.get(), queue.get(), this); }

  void proceed(bool ok) override {
    if (!ok || answered) {
      delete this;
      return;
    }
    new Echo;
    answered = true;
    responder.Finish(request, grpc::Status::OK, this);
  }

 private:
  Blob request;
  grpc::ServerAsyncResponseWriter<Blob> responder;
  bool answered = false;
};

class Down final : public Call {
 public:
  Down() : writer(&context) { service.RequestDown(&context, &request, &writer, queue.get(), queue.get(), this); }

  void proceed(bool ok) override {
    if (!ok || finished) {
      delete this;
      return;
    }
    if (!began) {
      new Down;
      began = true;
      message.set_body(std::string(request.size(), 'x'));
    }
    if (sent < request.count()) {
      sent++;
      writer.Write(message, this);
    } else {
      finished = true;
      writer.Finish(grpc::Status::OK, this);
    }
  }

 private:
  DownRequest request;
  Blob message;
  grpc::ServerAsyncWriter<Blob> writer;
  uint64_t sent = 0;
  bool began = false, finished = false;
};

class Up final : public Call {
 public:
  Up() : reader(&context) { service.RequestUp(&context, &reader, queue.get(), queue.get(), this); }

  void proceed(bool ok) override {
    if (finished || (!ok && !began)) {
      delete this;
      return;
    }
    if (!began) {
      new Up;
      began = true;
    } else if (ok) {
      response.set_count(response.count() + 1);
      response.set_bytes(response.bytes() + message.body().size());
    } else {
      finished = true;
      reader.Finish(response, grpc::Status::OK, this);
      return;
    }
    reader.Read(&message, this);
  }

 private:
  Blob message;
  UpResponse response;
  grpc::ServerAsyncReader<UpResponse, Blob> reader;
  bool began = false, finished = false;
};

std::string contents(const char *path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::shared_ptr<grpc::ServerCredentials> credentials(char **files) {
  if (!*files) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_key_cert_pairs.push_back({contents(files[1]), contents(files[0])});
  options.pem_root_certs = contents(files[2]);
  return grpc::SslServerCredentials(options);
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 2 && argc != 5) return 2;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(std::string("127.0.0.1:") + argv[1], credentials(argv + 2));
  builder.RegisterService(&service);
  queue = builder.AddCompletionQueue();
  auto server = builder.BuildAndStart();
  if (!server) return 1;
  // Some of each wait from the start; a call that begins puts another in its place.
  for (int i = 0; i < 100; i++) {
    new Echo;
    new Down;
    new Up;
  }
  void *call;
  bool ok;
  while (queue->Next(&call, &ok)) static_cast<Call *>(call)->proceed(ok);
}
