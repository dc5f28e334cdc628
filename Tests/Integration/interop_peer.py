"""gRPC's interoperability cases as a client and as a server, on whichever grpcio runs this file.

`interop_peer.py STUBS server [CERTIFICATE KEY AUTHORITY]` prints its port and ends with its standard
input; `interop_peer.py STUBS client PORT CASE [CERTIFICATE KEY AUTHORITY]` ends with 0 when the case
passed. STUBS is a folder: Debian's grpcio is older than the code that grpcio-tools writes, so only
descriptors are read from it, and the messages and stubs are made here.
"""

import pathlib
import sys
import threading
import time
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

INITIAL, TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
RESPONSE_SIZES, REQUEST_SIZES = [31415, 9, 2653, 58979], [27182, 8, 1828, 45904]


def message_classes(file):
    pool = descriptor_pool.DescriptorPool()
    for proto in descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(file).read_bytes()).file:
        pool.Add(proto)
    names = pool.FindFileByName("grpc/testing/test.proto").message_types_by_name
    if hasattr(message_factory, "GetMessageClass"):
        return {name: message_factory.GetMessageClass(found) for name, found in names.items()}
    factory = message_factory.MessageFactory(pool)
    return {name: factory.GetPrototype(found) for name, found in names.items()}


class Messages:
    def __init__(self, file):
        self.__dict__.update(message_classes(file))

    def payload(self, size):
        return self.Payload(body=bytes(size))

    def ping(self, request_size, response_size, **parameters):
        return self.StreamingOutputCallRequest(
            response_parameters=[self.ResponseParameters(size=response_size, **parameters)],
            payload=self.payload(request_size))

    def large(self, **fields):
        return self.SimpleRequest(response_size=314159, payload=self.payload(271828), **fields)


# The client.


class Cases:
    def __init__(self, m, channel):
        self.m = m
        self.channel = channel

        def method(kind, name, request, response, service="TestService"):
            return getattr(channel, kind)(
                f"/grpc.testing.{service}/{name}", request_serializer=request.SerializeToString,
                response_deserializer=response.FromString)

        self.empty = method("unary_unary", "EmptyCall", m.Empty, m.Empty)
        self.unary = method("unary_unary", "UnaryCall", m.SimpleRequest, m.SimpleResponse)
        self.output = method(
            "unary_stream", "StreamingOutputCall", m.StreamingOutputCallRequest, m.StreamingOutputCallResponse)
        self.input = method(
            "stream_unary", "StreamingInputCall", m.StreamingInputCallRequest, m.StreamingInputCallResponse)
        self.duplex = method(
            "stream_stream", "FullDuplexCall", m.StreamingOutputCallRequest, m.StreamingOutputCallResponse)
        self.unknown_method = method("unary_unary", "UnimplementedCall", m.Empty, m.Empty)
        self.unknown_service = method(
            "unary_unary", "UnimplementedCall", m.Empty, m.Empty, "UnimplementedService")

    def code(self, call):
        try:
            answer = call()
            if hasattr(answer, "__next__"):
                list(answer)
        except grpc.RpcError as error:
            return error.code(), error.details()
        raise AssertionError("the call did not fail")

    def empty_unary(self):
        assert self.empty(self.m.Empty()) == self.m.Empty()

    def large_unary(self):
        assert self.unary(self.m.large()).payload.body == bytes(314159)

    def client_streaming(self):
        requests = (self.m.StreamingInputCallRequest(payload=self.m.payload(size)) for size in REQUEST_SIZES)
        assert self.input(requests).aggregated_payload_size == 74922

    def server_streaming(self):
        parameters = [self.m.ResponseParameters(size=size) for size in RESPONSE_SIZES]
        responses = self.output(self.m.StreamingOutputCallRequest(response_parameters=parameters))
        assert [len(response.payload.body) for response in responses] == RESPONSE_SIZES

    def conversation(self, requests, **options):
        """A call whose requests are sent one by one, the next after the answer to the last."""
        gate = threading.Semaphore(1)

        def paced():
            for request in requests:
                gate.acquire()
                yield request
            gate.acquire()

        call = self.duplex(paced(), **options)
        return call, gate

    def ping_pong(self):
        call, gate = self.conversation(map(self.m.ping, REQUEST_SIZES, RESPONSE_SIZES))
        for size in RESPONSE_SIZES:
            assert len(next(call).payload.body) == size
            gate.release()
        assert list(call) == []

    def empty_stream(self):
        assert list(self.duplex(iter(()))) == []

    def timeout_on_sleeping_server(self):
        call, _ = self.conversation([self.m.ping(27182, 31415, interval_us=30_000_000)], timeout=0.05)
        assert self.code(lambda: next(call))[0] == grpc.StatusCode.DEADLINE_EXCEEDED

    def cancel_after_begin(self):
        ended = threading.Event()

        def nothing():
            ended.wait()
            yield from ()

        call = self.input.future(nothing())
        call.cancel()
        assert call.cancelled() and call.code() == grpc.StatusCode.CANCELLED
        ended.set()
        self.empty_unary()

    def cancel_after_first_response(self):
        call, gate = self.conversation([self.m.ping(27182, 31415)])
        assert len(next(call).payload.body) == 31415
        call.cancel()
        assert self.code(lambda: next(call))[0] == grpc.StatusCode.CANCELLED
        gate.release()
        self.empty_unary()

    def echo(self, message):
        status = self.m.EchoStatus(code=2, message=message)
        expected = (grpc.StatusCode.UNKNOWN, message)
        assert self.code(lambda: self.unary(self.m.SimpleRequest(response_status=status))) == expected
        request = self.m.StreamingOutputCallRequest(response_status=status)
        assert self.code(lambda: self.duplex(iter([request]))) == expected

    def status_code_and_message(self):
        self.echo("test status message")

    def special_status_message(self):
        self.echo("\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n")

    def custom_metadata(self):
        sent = [(INITIAL, "test_initial_metadata_value"), (TRAILING, b"\xab\xab\xab")]
        _, unary = self.unary.with_call(self.m.large(), metadata=sent)
        duplex = self.duplex(iter([self.m.ping(271828, 314159)]), metadata=sent)
        assert len(list(duplex)) == 1
        for call in [unary, duplex]:
            assert [pair for pair in call.initial_metadata() if pair[0] == INITIAL] == sent[:1]
            assert [tuple(pair) for pair in call.trailing_metadata() if pair[0] == TRAILING] == sent[1:]

    def unimplemented_method(self):
        assert self.code(lambda: self.unknown_method(self.m.Empty()))[0] == grpc.StatusCode.UNIMPLEMENTED

    def unimplemented_service(self):
        assert self.code(lambda: self.unknown_service(self.m.Empty()))[0] == grpc.StatusCode.UNIMPLEMENTED


# The server.


class Service:
    def __init__(self, m):
        self.m = m

    def handlers(self):
        m = self.m

        def handler(kind, function, request, response):
            return getattr(grpc, f"{kind}_rpc_method_handler")(
                function, request_deserializer=request.FromString,
                response_serializer=response.SerializeToString)

        output = m.StreamingOutputCallRequest, m.StreamingOutputCallResponse
        return grpc.method_handlers_generic_handler("grpc.testing.TestService", {
            "EmptyCall": handler("unary_unary", lambda request, context: m.Empty(), m.Empty, m.Empty),
            "UnaryCall": handler("unary_unary", self.unary, m.SimpleRequest, m.SimpleResponse),
            "StreamingOutputCall": handler("unary_stream", self.output, *output),
            "StreamingInputCall": handler(
                "stream_unary", self.input, m.StreamingInputCallRequest, m.StreamingInputCallResponse),
            "FullDuplexCall": handler("stream_stream", self.duplex, *output),
        })

    def echo(self, context):
        received = [tuple(pair) for pair in context.invocation_metadata()]
        context.send_initial_metadata([pair for pair in received if pair[0] == INITIAL])
        context.set_trailing_metadata([pair for pair in received if pair[0] == TRAILING])

    def check(self, request, context):
        if request.response_status.code != 0:
            code = {code.value[0]: code for code in grpc.StatusCode}[request.response_status.code]
            context.abort(code, request.response_status.message)

    def unary(self, request, context):
        self.echo(context)
        self.check(request, context)
        return self.m.SimpleResponse(payload=self.m.payload(request.response_size))

    def output(self, request, context):
        for parameters in request.response_parameters:
            if parameters.interval_us:
                # Ends early when the call does.
                ended = threading.Event()
                context.add_callback(ended.set)
                ended.wait(parameters.interval_us / 1e6)
            yield self.m.StreamingOutputCallResponse(payload=self.m.payload(parameters.size))

    def input(self, requests, context):
        return self.m.StreamingInputCallResponse(
            aggregated_payload_size=sum(len(request.payload.body) for request in requests))

    def duplex(self, requests, context):
        self.echo(context)
        for request in requests:
            self.check(request, context)
            yield from self.output(request, context)


def serve(m, files):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    server.add_generic_rpc_handlers((Service(m).handlers(),))
    if files:
        certificate, key, authority = (pathlib.Path(file).read_bytes() for file in files)
        credentials = grpc.ssl_server_credentials([(key, certificate)], authority, require_client_auth=True)
        port = server.add_secure_port("localhost:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(None)


def call(m, port, case, files):
    if files:
        certificate, key, authority = (pathlib.Path(file).read_bytes() for file in files)
        credentials = grpc.ssl_channel_credentials(authority, key, certificate)
        channel = grpc.secure_channel(f"localhost:{port}", credentials)
    else:
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    with channel:
        getattr(Cases(m, channel), case)()


if __name__ == "__main__":
    messages = Messages(sys.argv[1])
    if sys.argv[2] == "server":
        serve(messages, sys.argv[3:])
    else:
        call(messages, sys.argv[3], sys.argv[4], sys.argv[5:])
