import Foundation
import SwiftProtobuf

// The writer's ApplyBatchRequest as swift-protobuf has it: what its generator would make of
// writer.proto, by hand, as building the generator takes ten minutes. A row has the three fields that
// this batch fills, which costs its decoder and encoder a little less than all nine would. Names of
// fields, for JSON, are left out.

struct PeerRow: Sendable {
  var updatedAt: Int64 = 0

  var externalID: Data {
    get { _externalID ?? Data() }
    set { _externalID = newValue }
  }

  var payload: Data {
    get { _payload ?? Data() }
    set { _payload = newValue }
  }

  var unknownFields = UnknownStorage()

  fileprivate var _externalID: Data?
  fileprivate var _payload: Data?

  init() {}
}

struct PeerRequest: Sendable {
  var workspace = ""
  var sync = ""
  var epoch: UInt64 = 0
  var batchNumber: UInt64 = 0
  var batchID = ""
  var runID = ""
  var positionLimit: Int64 = 0
  var rows: [PeerRow] = []
  var unknownFields = UnknownStorage()

  init() {}
}

extension PeerRow: Message, _MessageImplementationBase {
  static let protoMessageName = "sluice.writer.v1.Row"

  mutating func decodeMessage<D: SwiftProtobuf.Decoder>(decoder: inout D) throws {
    while let fieldNumber = try decoder.nextFieldNumber() {
      switch fieldNumber {
      case 1: try decoder.decodeSingularSFixed64Field(value: &updatedAt)
      case 2: try decoder.decodeSingularBytesField(value: &_externalID)
      case 8: try decoder.decodeSingularBytesField(value: &_payload)
      default: break
      }
    }
  }

  func traverse<V: Visitor>(visitor: inout V) throws {
    if updatedAt != 0 { try visitor.visitSingularSFixed64Field(value: updatedAt, fieldNumber: 1) }
    if let id = _externalID { try visitor.visitSingularBytesField(value: id, fieldNumber: 2) }
    if let payload = _payload {
      try visitor.visitSingularBytesField(value: payload, fieldNumber: 8)
    }
    try unknownFields.traverse(visitor: &visitor)
  }

  static func == (a: PeerRow, b: PeerRow) -> Bool {
    a.updatedAt == b.updatedAt && a._externalID == b._externalID && a._payload == b._payload
      && a.unknownFields == b.unknownFields
  }
}

extension PeerRequest: Message, _MessageImplementationBase {
  static let protoMessageName = "sluice.writer.v1.ApplyBatchRequest"

  mutating func decodeMessage<D: SwiftProtobuf.Decoder>(decoder: inout D) throws {
    while let fieldNumber = try decoder.nextFieldNumber() {
      switch fieldNumber {
      case 1: try decoder.decodeSingularStringField(value: &workspace)
      case 2: try decoder.decodeSingularStringField(value: &sync)
      case 3: try decoder.decodeSingularUInt64Field(value: &epoch)
      case 4: try decoder.decodeSingularUInt64Field(value: &batchNumber)
      case 5: try decoder.decodeSingularStringField(value: &batchID)
      case 6: try decoder.decodeSingularStringField(value: &runID)
      case 7: try decoder.decodeSingularInt64Field(value: &positionLimit)
      case 15: try decoder.decodeRepeatedMessageField(value: &rows)
      default: break
      }
    }
  }

  func traverse<V: Visitor>(visitor: inout V) throws {
    if !workspace.isEmpty { try visitor.visitSingularStringField(value: workspace, fieldNumber: 1) }
    if !sync.isEmpty { try visitor.visitSingularStringField(value: sync, fieldNumber: 2) }
    if epoch != 0 { try visitor.visitSingularUInt64Field(value: epoch, fieldNumber: 3) }
    if batchNumber != 0 { try visitor.visitSingularUInt64Field(value: batchNumber, fieldNumber: 4) }
    if !batchID.isEmpty { try visitor.visitSingularStringField(value: batchID, fieldNumber: 5) }
    if !runID.isEmpty { try visitor.visitSingularStringField(value: runID, fieldNumber: 6) }
    if positionLimit != 0 {
      try visitor.visitSingularInt64Field(value: positionLimit, fieldNumber: 7)
    }
    if !rows.isEmpty { try visitor.visitRepeatedMessageField(value: rows, fieldNumber: 15) }
    try unknownFields.traverse(visitor: &visitor)
  }

  static func == (a: PeerRequest, b: PeerRequest) -> Bool {
    a.workspace == b.workspace && a.sync == b.sync && a.epoch == b.epoch
      && a.batchNumber == b.batchNumber && a.batchID == b.batchID && a.runID == b.runID
      && a.positionLimit == b.positionLimit && a.rows == b.rows
      && a.unknownFields == b.unknownFields
  }
}
