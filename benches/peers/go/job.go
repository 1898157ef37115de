package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/bytedance/sonic"
	"github.com/klauspost/compress/gzip"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/sync/errgroup"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

const schemaName = "order-transaction/1.0.0"

// The level of gzip that every peer uses.
const level = 3

// job is what lives as long as the process: the compiled schema, and the client of the store.
type job struct {
	schema    *jsonschema.Schema
	container *container.Client
	gzips     sync.Pool
	english   *message.Printer
}

type violation struct {
	Pointer string `json:"pointer"`
	Keyword string `json:"keyword"`
	Message string `json:"message"`
}

// record is a line, but for an accepted payload, which is copied and not encoded again.
type record struct {
	Stream     string         `json:"_stream"`
	Partition  string         `json:"_partition"`
	Sequence   uint64         `json:"_sequence"`
	Offset     string         `json:"_offset"`
	Enqueued   string         `json:"_enqueued_time"`
	Key        *string        `json:"_key"`
	Properties map[string]any `json:"_properties"`
	Schema     string         `json:"_schema,omitempty"`
	Reason     string         `json:"_reason,omitempty"`
	Errors     []violation    `json:"_errors,omitempty"`
	Body       string         `json:"body_base64,omitempty"`
}

func newJob(file, connection, name string) (*job, error) {
	schema, err := jsonschema.NewCompiler().Compile(file)
	if err != nil {
		return nil, err
	}
	client, err := container.NewClientFromConnectionString(connection, name, nil)
	if err != nil {
		return nil, err
	}
	return &job{
		schema: schema, container: client, english: message.NewPrinter(language.English),
		gzips: sync.Pool{New: func() any {
			writer, err := gzip.NewWriterLevel(nil, level)
			if err != nil {
				panic(err) // the level is a constant
			}
			return writer
		}},
	}, nil
}

// judge says why an event is refused: a reason, and what is wrong; or none.
func (job *job) judge(body []byte, properties map[string]any) (string, []violation) {
	if len(body) == 0 {
		return "empty", nil
	}
	if !utf8.Valid(body) {
		return "not-utf8", nil
	}
	var value any
	if err := sonic.ConfigStd.Unmarshal(body, &value); err != nil {
		return "not-json", []violation{{Keyword: "json", Message: err.Error()}}
	}
	if named, found := properties["schema"]; found && named != schemaName {
		return "unknown-schema", nil
	}
	err := job.schema.Validate(value)
	if err == nil {
		return "", nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return "schema", []violation{{Message: err.Error()}}
	}
	return "schema", job.violations(nil, invalid)
}

// violations are the leaves of the tree of causes.
func (job *job) violations(found []violation, err *jsonschema.ValidationError) []violation {
	if len(err.Causes) == 0 {
		keyword := err.ErrorKind.KeywordPath()
		last := ""
		if len(keyword) > 0 {
			last = keyword[len(keyword)-1]
		}
		if _, group := err.ErrorKind.(*kind.Group); group {
			return found
		}
		pointer := strings.Join(err.InstanceLocation, "/")
		if pointer != "" {
			pointer = "/" + pointer
		}
		said := err.ErrorKind.LocalizedString(job.english)
		return append(found, violation{pointer, last, said})
	}
	for _, cause := range err.Causes {
		found = job.violations(found, cause)
	}
	return found
}

func (job *job) encode(batch *batch) (accepted, rejected *bytes.Buffer, err error) {
	accepted, rejected = new(bytes.Buffer), new(bytes.Buffer)
	accepted.Grow(len(batch.bodies) * 512)
	for index, body := range batch.bodies {
		record := record{
			Stream: batch.stream, Partition: batch.partition, Sequence: batch.sequences[index],
			Offset: batch.offsets[index], Enqueued: batch.times[index] + "Z",
			Key: batch.keys[index], Properties: batch.properties[index],
		}
		reason, violations := job.judge(body, record.Properties)
		if reason != "" {
			record.Reason, record.Errors = reason, violations
			record.Body = base64.StdEncoding.EncodeToString(body)
			line, err := sonic.ConfigFastest.Marshal(&record)
			if err != nil {
				return nil, nil, err
			}
			if len(body) == 0 { // omitted, since it is empty
				line = append(line[:len(line)-1], `,"body_base64":""}`...)
			}
			rejected.Write(line)
			rejected.WriteByte('\n')
			continue
		}
		record.Schema = schemaName
		line, err := sonic.ConfigFastest.Marshal(&record)
		if err != nil {
			return nil, nil, err
		}
		accepted.Write(line[:len(line)-1])
		accepted.WriteString(`,"body":`)
		at := accepted.Len()
		accepted.Write(body)
		if bytes.IndexByte(body, '\n') >= 0 || bytes.IndexByte(body, '\r') >= 0 {
			for index, byte := range accepted.Bytes()[at:] {
				if byte == '\n' || byte == '\r' {
					accepted.Bytes()[at+index] = ' '
				}
			}
		}
		accepted.WriteString("}\n")
	}
	return accepted, rejected, nil
}

// land writes one blob of the accepted and one of the rejected, both at once.
func (job *job) land(ctx context.Context, batch *batch) error {
	if len(batch.bodies) == 0 {
		return nil
	}
	accepted, rejected, err := job.encode(batch)
	if err != nil {
		return err
	}
	name := batch.blob()
	uploads, ctx := errgroup.WithContext(ctx)
	for prefix, lines := range map[string]*bytes.Buffer{"bronze/": accepted, "rejections/": rejected} {
		if lines.Len() > 0 {
			uploads.Go(func() error { return job.create(ctx, prefix+name, lines.Bytes()) })
		}
	}
	return uploads.Wait()
}

func (job *job) create(ctx context.Context, name string, lines []byte) error {
	var body bytes.Buffer
	writer := job.gzips.Get().(*gzip.Writer)
	defer job.gzips.Put(writer)
	writer.Reset(&body)
	if _, err := writer.Write(lines); err != nil {
		return err
	}
	if err := writer.Close(); err != nil {
		return err
	}
	_, err := job.container.NewBlockBlobClient(name).Upload(ctx,
		readSeekCloser{bytes.NewReader(body.Bytes())},
		&blockblob.UploadOptions{
			HTTPHeaders: &blob.HTTPHeaders{BlobContentType: to.Ptr("application/x-ndjson")},
			AccessConditions: &blob.AccessConditions{
				ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)},
			},
		})
	if bloberror.HasCode(err, bloberror.BlobAlreadyExists) {
		return nil // another try of this batch wrote it
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

type readSeekCloser struct{ *bytes.Reader }

func (readSeekCloser) Close() error { return nil }
