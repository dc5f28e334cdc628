// Calls bench.v1.Bench's Echo with gRPC C++, from one thread on one completion queue, N connections
// with M calls each at a time, and prints a line of JSON as load.c does.
//   grpc-cpp-client PORT CONNECTIONS STREAMS SIZE WARMUP SECONDS
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "bench.grpc.pb.h"

namespace {

using bench::v1::Bench;
using bench::v1::Blob;
using Clock = std::chrono::steady_clock;

grpc::CompletionQueue queue;
bool measuring = false, stopping = false;
unsigned long errors = 0, request_number = 0, in_flight = 0;
std::vector<float> latencies;

class Call {
 public:
  Call(Bench::Stub &stub, size_t size) : stub(stub) { request.set_body(std::string(size, 'x')); }

  void begin() {
    context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    context->AddMetadata("x-workspace", "default");
    char traceparent[56];
    snprintf(traceparent, sizeof traceparent, "00-4bf92f3577b34da6a3ce929d0e0e4736-%016lx-01", ++request_number);
    context->AddMetadata("traceparent", traceparent);
    started = Clock::now();
    in_flight++;
    reader = stub.AsyncEcho(context.get(), request, &queue);
    reader->Finish(&response, &status, this);
  }

  void ended() {
    in_flight--;
    if (stopping) return;
    if (!status.ok() || response.body().size() != request.body().size()) {
      if (errors++ < 5) fprintf(stderr, "%s\n", status.error_message().c_str());
    } else if (measuring) {
      latencies.push_back(std::chrono::duration<float, std::micro>(Clock::now() - started).count());
    }
    begin();
  }

 private:
  Bench::Stub &stub;
  Blob request, response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Blob>> reader;
  Clock::time_point started;
};

void run_for(double seconds) {
  auto end = Clock::now() + std::chrono::duration<double>(seconds);
  void *call;
  bool ok;
  while (Clock::now() < end && queue.Next(&call, &ok)) static_cast<Call *>(call)->ended();
}

double cpu_seconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

double percentile(double part) {
  if (latencies.empty()) return 0;
  return latencies[std::min(latencies.size() - 1, size_t(part * latencies.size()))];
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 7) return 2;
  int connections = atoi(argv[2]), streams = atoi(argv[3]);
  grpc::ChannelArguments arguments;
  // Else all channels to one address share a connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  std::vector<std::unique_ptr<Bench::Stub>> stubs;
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < connections; i++) {
    auto channel = grpc::CreateCustomChannel(std::string("127.0.0.1:") + argv[1], grpc::InsecureChannelCredentials(), arguments);
    stubs.push_back(Bench::NewStub(channel));
    for (int j = 0; j < streams; j++) calls.push_back(std::make_unique<Call>(*stubs.back(), atoi(argv[4])));
  }
  for (auto &call : calls) call->begin();

  run_for(atof(argv[5]));
  measuring = true;
  double cpu = cpu_seconds();
  auto began = Clock::now();
  run_for(atof(argv[6]));
  double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  cpu = cpu_seconds() - cpu;
  stopping = true;
  void *call;
  bool ok;
  while (in_flight && queue.Next(&call, &ok)) static_cast<Call *>(call)->ended();

  std::sort(latencies.begin(), latencies.end());
  double count = std::max<double>(1, latencies.size());
  printf("{\"mode\": \"client\", \"connections\": %d, \"streams\": %d, \"seconds\": %.3f, \"count\": %zu, \"rate\": %.1f, "
         "\"p50_us\": %.1f, \"p99_us\": %.1f, \"client_cpu_us\": %.3f, \"client_busy\": %.3f, \"errors\": %lu}\n",
         connections, streams, seconds, latencies.size(), latencies.size() / seconds, percentile(0.5), percentile(0.99),
         cpu * 1e6 / count, cpu / seconds, errors);
  return errors || latencies.empty();
}
