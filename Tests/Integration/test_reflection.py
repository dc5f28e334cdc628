"""What a tool that knows nothing but an address can find out: reflection by grpcio-reflection."""

import grpc
import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from support.house import REPOSITORY
from test_grpc_connections import SERVICES, each_service

STANDARD = {
    "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection"}

# What a process serves besides its main service.
BESIDES = {"vault": {"sluice.vault.v1.VaultOperations"}}


@each_service
def test_reflection_lists_the_services_and_describes_them(clients, stubs, service):
    database = ProtoReflectionDescriptorDatabase(clients.channel(service))
    served = STANDARD | {SERVICES[service]} | BESIDES.get(service, set())
    assert set(database.get_services()) == served
    pool = DescriptorPool(database)
    for name in served:
        assert pool.FindServiceByName(name).full_name == name

    theirs = getattr(stubs, service).DESCRIPTOR
    wanted = descriptor_pb2.FileDescriptorProto.FromString(theirs.serialized_pb)
    found = descriptor_pb2.FileDescriptorProto()
    pool.FindFileByName(theirs.name).CopyToProto(found)
    for file in [found, wanted]:
        # protoc writes it into sets of descriptors, not into code.
        for message in file.message_type:
            for field in [*message.field, *(f for nested in message.nested_type for f in nested.field)]:
                field.ClearField("json_name")
    assert found == wanted
    for message in theirs.message_types_by_name.values():
        assert pool.FindMessageTypeByName(message.full_name).full_name == message.full_name
    for enum in theirs.enum_types_by_name.values():
        assert pool.FindEnumTypeByName(enum.full_name).full_name == enum.full_name


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_each_question_has_its_answer_in_both_versions(clients, version):
    request, response = reflection_pb2.ServerReflectionRequest, reflection_pb2.ServerReflectionResponse
    # The two versions differ in the name of the service alone.
    call = clients.channel("writer").stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=request.SerializeToString, response_deserializer=response.FromString)
    file = "sluice/writer/v1/writer.proto"
    extension = reflection_pb2.ExtensionRequest(containing_type="sluice.writer.v1.Row", extension_number=1)
    questions = [
        request(host="h", list_services="*"), request(file_by_filename=file),
        request(file_containing_symbol="sluice.writer.v1.Writer.ApplyBatch"),
        request(file_containing_symbol="sluice.writer.v1.Row"),
        request(all_extension_numbers_of_type="sluice.writer.v1.Row"),
        request(file_by_filename="none.proto"), request(file_containing_symbol="sluice.writer.v1.None"),
        request(all_extension_numbers_of_type="None"), request(file_containing_extension=extension),
        request(),
    ]
    answers = list(call(iter(questions), timeout=30))
    assert [answer.original_request for answer in answers] == questions
    assert answers[0].valid_host == "h"
    assert [entry.name for entry in answers[0].list_services_response.service] == sorted(
        STANDARD | {SERVICES["writer"]})
    for answer in answers[1:4]:
        [data] = answer.file_descriptor_response.file_descriptor_proto
        assert descriptor_pb2.FileDescriptorProto.FromString(data).name == file
    assert answers[4].all_extension_numbers_response.base_type_name == "sluice.writer.v1.Row"
    codes = [answer.error_response.error_code for answer in answers[5:]]
    assert codes == [grpc.StatusCode.NOT_FOUND.value[0]] * 4 + [grpc.StatusCode.UNIMPLEMENTED.value[0]]


def test_every_file_of_protos_is_described_by_a_service(clients):
    described = set()
    for service, name in SERVICES.items():
        database = ProtoReflectionDescriptorDatabase(clients.channel(service))
        described |= {database.FindFileContainingSymbol(symbol).name for symbol in STANDARD | {name}}
    protos = REPOSITORY / "Protos"
    assert described == {str(path.relative_to(protos)) for path in protos.rglob("*.proto")}
