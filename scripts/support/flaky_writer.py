"""A way to the writer that answers no in bursts and loses receipts: gRPC in, gRPC out, bytes as they are."""

import concurrent.futures

import grpc

APPLY = "/sluice.writer.v1.Writer/ApplyBatches"


class FlakyWriter(grpc.GenericRpcHandler):
    """Serves as the writer does; every `every`th receipt is lost with its stream, and the next `burst` calls fail.

    `certificates`: the directory that `sluice dev` makes. A receipt that is lost belongs to a batch that was
    applied, which is what makes a repeat dangerous.
    """

    def __init__(self, writer, certificates, every, burst):
        self.every, self.burst = every, burst
        self.receipts = self.lost = self.refused = self.owed = 0
        read = lambda name: (certificates / name).read_bytes()
        self.channel = grpc.secure_channel(writer, grpc.ssl_channel_credentials(
            read("ca.pem"), read("orchestrator.key"), read("orchestrator.pem")), [
                ("grpc.enable_retries", 0), ("grpc.max_receive_message_length", -1),
                ("grpc.max_send_message_length", -1)])
        self.server = grpc.server(
            concurrent.futures.ThreadPoolExecutor(16), options=[
                ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)])
        self.server.add_generic_rpc_handlers([self])
        port = self.server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials(
            [(read("writer.key"), read("writer.pem"))], read("ca.pem"), True))
        self.address = f"127.0.0.1:{port}"

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.stop(0).wait()
        self.channel.close()

    def service(self, details):
        return grpc.stream_stream_rpc_method_handler(
            lambda requests, context: self.call(details.method, requests, context))

    def call(self, method, requests, context):
        if self.owed > 0:
            self.owed -= 1
            self.refused += 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "too many requests; come back later")
        answers = self.channel.stream_stream(method)(requests)
        try:
            for answer in answers:
                if method == APPLY:
                    self.receipts += 1
                    if self.receipts % self.every == 0:
                        self.lost += 1
                        self.owed = self.burst
                        answers.cancel()
                        context.abort(grpc.StatusCode.UNAVAILABLE, "internal error")
                yield answer
        except grpc.RpcError as error:
            context.set_trailing_metadata(error.trailing_metadata() or ())
            context.abort(error.code(), error.details())
