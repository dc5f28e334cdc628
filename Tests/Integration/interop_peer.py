"""gRPC's interoperability cases as a client and as a server, on whichever grpcio runs this file.

`interop_peer.py STUBS server [CERTIFICATE KEY AUTHORITY]` prints its port and ends with its standard
input; `raw-server` decompresses messages here, and so sees which were; `interop_peer.py STUBS client PORT CASE [CERTIFICATE KEY AUTHORITY]` ends with 0 when the case
passed. STUBS is a folder: Debian's grpcio is older than the code that grpcio-tools writes, so only
descriptors are read from it, and the messages and stubs are made here.
"""

import faulthandler
import gzip
import os
import pathlib
import signal
import sys
import threading
import time
import traceback
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


# Python's grpcio tells nobody whether a message came compressed, unless it is told to leave that to us.
RAW = [("grpc.per_message_decompression", 0)]


def read_raw(message, data):
    """The message, and whether it came compressed."""
    # No message begins with these bytes: wire type 7 does not exist.
    is_compressed = data.startswith(b"\x1f\x8b")
    return message.FromString(gzip.decompress(data) if is_compressed else data), is_compressed


class Cases:
    def __init__(self, m, channel, raw_channel):
        self.m = m
        self.raw_channel = raw_channel

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

    def client_compressed_unary(self):
        probe = self.m.large(expect_compressed=self.m.BoolValue(value=True))
        assert self.code(lambda: self.unary(probe))[0] == grpc.StatusCode.INVALID_ARGUMENT
        assert self.unary(probe, compression=grpc.Compression.Gzip).payload.body == bytes(314159)
        uncompressed = self.m.large(expect_compressed=self.m.BoolValue(value=False))
        assert self.unary(uncompressed).payload.body == bytes(314159)

    def server_compressed_unary(self):
        def request(is_compressed):
            return self.m.large(response_compressed=self.m.BoolValue(value=is_compressed))

        raw = self.raw_channel.unary_unary("/grpc.testing.TestService/UnaryCall")
        for is_compressed in [True, False]:
            assert self.unary(request(is_compressed)).payload.body == bytes(314159)
            data = raw(request(is_compressed).SerializeToString())
            response, was_compressed = read_raw(self.m.SimpleResponse, data)
            assert response.payload.body == bytes(314159) and was_compressed == is_compressed

    def client_compressed_streaming(self):
        def request(body, is_compressed):
            return self.m.StreamingInputCallRequest(
                payload=self.m.Payload(body=body), expect_compressed=self.m.BoolValue(value=is_compressed))

        probe = request(bytes(27182), True)
        assert self.code(lambda: self.input(iter([probe])))[0] == grpc.StatusCode.INVALID_ARGUMENT
        # A client on Python's grpcio cannot leave one message of a call uncompressed, as the official case
        # does with zeros; but what would not get shorter is sent as it is.
        requests = [probe, request(os.urandom(45904), False)]
        response = self.input(iter(requests), compression=grpc.Compression.Gzip)
        assert response.aggregated_payload_size == 73086

    def server_compressed_streaming(self):
        expected = [(31415, True), (92653, False)]
        request = self.m.StreamingOutputCallRequest(response_parameters=[
            self.m.ResponseParameters(size=size, compressed=self.m.BoolValue(value=is_compressed))
            for size, is_compressed in expected])
        assert [len(response.payload.body) for response in self.output(request)] == [31415, 92653]
        raw = self.raw_channel.unary_stream("/grpc.testing.TestService/StreamingOutputCall")
        responses = [
            read_raw(self.m.StreamingOutputCallResponse, data) for data in raw(request.SerializeToString())]
        assert [(len(response.payload.body), flag) for response, flag in responses] == expected

    def unimplemented_method(self):
        assert self.code(lambda: self.unknown_method(self.m.Empty()))[0] == grpc.StatusCode.UNIMPLEMENTED

    def unimplemented_service(self):
        assert self.code(lambda: self.unknown_service(self.m.Empty()))[0] == grpc.StatusCode.UNIMPLEMENTED


# The server.


class Service:
    def __init__(self, m, is_raw):
        self.m = m
        self.is_raw = is_raw

    def handlers(self):
        m = self.m

        def handler(kind, function, request, response):
            return getattr(grpc, f"{kind}_rpc_method_handler")(
                function, request_deserializer=lambda data: self.read(request, data),
                response_serializer=response.SerializeToString)

        output = m.StreamingOutputCallRequest, m.StreamingOutputCallResponse
        return grpc.method_handlers_generic_handler("grpc.testing.TestService", {
            "EmptyCall": handler("unary_unary", lambda received, context: m.Empty(), m.Empty, m.Empty),
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

    def read(self, message, data):
        """The message, and whether it came compressed; None if that cannot be seen."""
        return read_raw(message, data) if self.is_raw else (message.FromString(data), None)

    def check_compressed(self, request, was_compressed, context):
        if request.HasField("expect_compressed") and was_compressed is not None:
            if request.expect_compressed.value != was_compressed:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the request is compressed otherwise")

    def check(self, request, context):
        if request.response_status.code != 0:
            code = {code.value[0]: code for code in grpc.StatusCode}[request.response_status.code]
            context.abort(code, request.response_status.message)

    def unary(self, received, context):
        request, was_compressed = received
        self.check_compressed(request, was_compressed, context)
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        self.echo(context)
        self.check(request, context)
        return self.m.SimpleResponse(payload=self.m.payload(request.response_size))

    def output(self, received, context):
        request, _ = received
        if any(parameters.compressed.value for parameters in request.response_parameters):
            context.set_compression(grpc.Compression.Gzip)
        for parameters in request.response_parameters:
            if parameters.interval_us:
                # Ends early when the call does.
                ended = threading.Event()
                context.add_callback(ended.set)
                ended.wait(parameters.interval_us / 1e6)
            if not parameters.compressed.value:
                context.disable_next_message_compression()
            yield self.m.StreamingOutputCallResponse(payload=self.m.payload(parameters.size))

    def input(self, requests, context):
        size = 0
        for request, was_compressed in requests:
            self.check_compressed(request, was_compressed, context)
            size += len(request.payload.body)
        return self.m.StreamingInputCallResponse(aggregated_payload_size=size)

    def duplex(self, requests, context):
        self.echo(context)
        for received in requests:
            self.check(received[0], context)
            yield from self.output(received, context)


def serve(m, files, is_raw):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=RAW if is_raw else [])
    server.add_generic_rpc_handlers((Service(m, is_raw).handlers(),))
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

    def connect(options):
        if files:
            return grpc.secure_channel(f"localhost:{port}", credentials, options)
        return grpc.insecure_channel(f"127.0.0.1:{port}", options)

    with connect([]) as channel, connect(RAW) as raw_channel:
        getattr(Cases(m, channel, raw_channel), case)()


if __name__ == "__main__":
    # For support/standstill.py.
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    messages = Messages(sys.argv[1])
    if sys.argv[2] in ["server", "raw-server"]:
        serve(messages, sys.argv[3:], sys.argv[2] == "raw-server")
    else:
        code = 1
        try:
            call(messages, sys.argv[3], sys.argv[4], sys.argv[5:])
            code = 0
        except BaseException:
            traceback.print_exc()
        # Without the interpreter's own end, where grpcio 1.51 now and then stands still for ever: the collector
        # finds the call of an error's traceback, whose __del__ wants a lock that a daemon thread has died with.
        sys.stderr.flush()
        os._exit(code)
