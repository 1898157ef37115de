package main

import (
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of StreamingMessage and of what is in it (FunctionRpc.proto).
const (
	workerInitRequest        = 17
	workerInitResponse       = 16
	functionsMetadataRequest = 29
	functionMetadataResponse = 30
	functionLoadRequest      = 8
	functionLoadResponse     = 9
	invocationRequest        = 4
	invocationResponse       = 5
	startStream              = 20
	rpcLog                   = 2
)

func appendBytes(to []byte, field protowire.Number, value []byte) []byte {
	to = protowire.AppendTag(to, field, protowire.BytesType)
	return protowire.AppendBytes(to, value)
}

func appendString(to []byte, field protowire.Number, value string) []byte {
	to = protowire.AppendTag(to, field, protowire.BytesType)
	return protowire.AppendString(to, value)
}

// streaming wraps one content of a StreamingMessage.
func streaming(id string, field protowire.Number, content []byte) []byte {
	return appendBytes(appendString(nil, 1, id), field, content)
}

// fields hands on each length-delimited field of a message; of varints the value is nil.
func fields(message []byte, take func(field protowire.Number, value []byte, number uint64)) error {
	for len(message) > 0 {
		field, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return protowire.ParseError(size)
		}
		message = message[size:]
		switch kind {
		case protowire.BytesType:
			value, size := protowire.ConsumeBytes(message)
			if size < 0 {
				return protowire.ParseError(size)
			}
			take(field, value, 0)
			message = message[size:]
		case protowire.VarintType:
			value, size := protowire.ConsumeVarint(message)
			if size < 0 {
				return protowire.ParseError(size)
			}
			take(field, nil, value)
			message = message[size:]
		default:
			size := protowire.ConsumeFieldValue(field, kind, message)
			if size < 0 {
				return protowire.ParseError(size)
			}
			message = message[size:]
		}
	}
	return nil
}

// failure says why a StatusResult is not a success.
func failure(result []byte) error {
	status, said := uint64(0), ""
	err := fields(result, func(field protowire.Number, value []byte, number uint64) {
		switch field {
		case 4:
			status = number
		case 2:
			_ = fields(value, func(field protowire.Number, value []byte, _ uint64) {
				if field == 1 || field == 2 {
					said += string(value) + "\n"
				}
			})
		}
	})
	if err == nil && status != 1 {
		err = fmt.Errorf("the worker failed: %s", said)
	}
	return err
}

// request is what the load tool posts: the body that the host posts to a custom handler.
type request struct {
	Data     struct{ Events string }
	Metadata map[string]json.RawMessage
}

// invocation makes of it what the host sends to a language worker for `many` and `binary`. As the
// host's GrpcMessageConversionExtensions has it for a worker with TypedDataCollection: byte[][]
// becomes collection_bytes, string[] collection_string, long[] collection_sint64, and what is none of
// them JSON.
func invocation(id, function string, body []byte) ([]byte, error) {
	var posted request
	if err := json.Unmarshal(body, &posted); err != nil {
		return nil, err
	}
	var events [][]byte
	if err := json.Unmarshal([]byte(posted.Data.Events), &events); err != nil {
		return nil, err
	}
	collection := make([]byte, 0, len(posted.Data.Events))
	for _, event := range events {
		collection = appendBytes(collection, 1, event)
	}
	binding := appendString(nil, 1, "events")
	binding = appendBytes(binding, 2, appendBytes(nil, 8, collection))
	message := appendString(nil, 1, id)
	message = appendString(message, 2, function)
	message = appendBytes(message, 3, binding)
	for name, value := range posted.Metadata {
		typed, err := typed(name, value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		entry := appendBytes(appendString(nil, 1, name), 2, typed)
		message = appendBytes(message, 4, entry)
	}
	return streaming(id, invocationRequest, message), nil
}

func typed(name string, value json.RawMessage) ([]byte, error) {
	if value[0] != '"' {
		return appendBytes(nil, 2, value), nil
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return nil, err
	}
	collection := []byte(nil)
	switch name {
	case "PartitionKeyArray", "OffsetArray", "OffsetStringArray":
		var all []string
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			return nil, err
		}
		for _, one := range all {
			collection = appendString(collection, 1, one)
		}
		return appendBytes(nil, 9, collection), nil
	case "SequenceNumberArray":
		var all []int64
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			return nil, err
		}
		for _, one := range all {
			collection = protowire.AppendVarint(collection, protowire.EncodeZigZag(one))
		}
		return appendBytes(nil, 11, appendBytes(nil, 1, collection)), nil
	}
	return appendString(nil, 2, text), nil
}

