package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/bytedance/sonic"
)

// batch is a partition's events: their payloads, and the columns of their coordinates.
type batch struct {
	stream, partition string
	bodies            [][]byte
	sequences         []uint64
	offsets, times    []string
	keys              []*string
	properties        []map[string]any
}

// readBatch reads the host's body: every value is JSON in a string.
func readBatch(body io.Reader) (*batch, error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	var posted struct {
		Data     struct{ Events string }
		Metadata struct {
			PartitionContext struct {
				FullyQualifiedNamespace, EventHubName, PartitionId string
			}
			SequenceNumberArray, OffsetStringArray, EnqueuedTimeUtcArray string
			PartitionKeyArray, PropertiesArray                           string
		}
	}
	if err := sonic.ConfigStd.Unmarshal(text, &posted); err != nil {
		return nil, err
	}
	metadata := &posted.Metadata
	namespace, _, _ := strings.Cut(metadata.PartitionContext.FullyQualifiedNamespace, ".")
	batch := &batch{
		stream:    namespace + "/" + metadata.PartitionContext.EventHubName,
		partition: metadata.PartitionContext.PartitionId,
	}
	for _, column := range []struct {
		text string
		to   any
	}{
		{posted.Data.Events, &batch.bodies},
		{metadata.SequenceNumberArray, &batch.sequences},
		{metadata.OffsetStringArray, &batch.offsets},
		{metadata.EnqueuedTimeUtcArray, &batch.times},
		{metadata.PartitionKeyArray, &batch.keys},
		{metadata.PropertiesArray, &batch.properties},
	} {
		if err := sonic.ConfigStd.UnmarshalFromString(column.text, column.to); err != nil {
			return nil, err
		}
	}
	count := len(batch.bodies)
	if len(batch.sequences) != count || len(batch.offsets) != count || len(batch.times) != count ||
		len(batch.keys) != count || len(batch.properties) != count {
		return nil, fmt.Errorf("columns of different lengths")
	}
	return batch, nil
}

// blob is a name that says where the batch begins, so that a redelivery writes nothing twice.
func (batch *batch) blob() string {
	time := batch.times[0]
	return fmt.Sprintf("%s/date=%s/hour=%s/%s-%020d.json.gz",
		batch.stream, time[:10], time[11:13], batch.partition, batch.sequences[0])
}
