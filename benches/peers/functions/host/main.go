// A stand-in for the Functions host in front of Python workers: it takes the request that a custom
// handler would be posted, and hands it to a worker in the host's own protocol.
//
// Workers take turns, as in the host where FUNCTIONS_WORKER_PROCESS_COUNT is above 1. What this
// process costs is not counted against the peer.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
)

// raw hands messages through as they are.
type raw struct{}

func (raw) Marshal(value any) ([]byte, error)      { return *value.(*[]byte), nil }
func (raw) Unmarshal(data []byte, value any) error { *value.(*[]byte) = data; return nil }
func (raw) Name() string                           { return "proto" }

// worker is one connected worker process, ready for invocations.
type worker struct {
	stream   grpc.ServerStream
	sending  sync.Mutex
	function string
	waiting  sync.Map // invocation id -> chan error
}

func (worker *worker) send(message []byte) error {
	worker.sending.Lock()
	defer worker.sending.Unlock()
	return worker.stream.SendMsg(&message)
}

// content reads messages until one that is not a log.
func (worker *worker) content() (protowire.Number, []byte, error) {
	for {
		var message []byte
		if err := worker.stream.RecvMsg(&message); err != nil {
			return 0, nil, err
		}
		var kind protowire.Number
		var content []byte
		err := fields(message, func(field protowire.Number, value []byte, _ uint64) {
			if field != 1 {
				kind, content = field, value
			}
		})
		if err != nil || kind != rpcLog {
			return kind, content, err
		}
	}
}

// ask sends a request and reads the answer to it.
func (worker *worker) ask(field protowire.Number, request []byte, answer protowire.Number, result protowire.Number) ([]byte, error) {
	if err := worker.send(streaming("start", field, request)); err != nil {
		return nil, err
	}
	kind, content, err := worker.content()
	if err != nil {
		return nil, err
	}
	if kind != answer {
		return nil, fmt.Errorf("message %d in place of %d", kind, answer)
	}
	status := []byte(nil)
	err = fields(content, func(field protowire.Number, value []byte, _ uint64) {
		if field == result {
			status = value
		}
	})
	if err == nil {
		err = failure(status)
	}
	return content, err
}

// start initializes the worker and loads its one function.
func (worker *worker) start(app string) error {
	if kind, _, err := worker.content(); err != nil || kind != startStream {
		return fmt.Errorf("no start of the stream, but %d: %w", kind, err)
	}
	init := appendString(appendString(nil, 1, "4.0.0"), 5, app)
	if _, err := worker.ask(workerInitRequest, init, workerInitResponse, 3); err != nil {
		return err
	}
	metadata, err := worker.ask(functionsMetadataRequest, appendString(nil, 1, app), functionMetadataResponse, 2)
	if err != nil {
		return err
	}
	function := []byte(nil)
	_ = fields(metadata, func(field protowire.Number, value []byte, _ uint64) {
		if field == 1 {
			function = value
		}
	})
	_ = fields(function, func(field protowire.Number, value []byte, _ uint64) {
		if field == 13 {
			worker.function = string(value)
		}
	})
	if worker.function == "" {
		return fmt.Errorf("the worker found no function")
	}
	load := appendBytes(appendString(nil, 1, worker.function), 2, function)
	_, err = worker.ask(functionLoadRequest, load, functionLoadResponse, 2)
	return err
}

// answers hands each invocation's end to who waits for it.
func (worker *worker) answers() error {
	for {
		kind, content, err := worker.content()
		if err != nil {
			return err
		}
		if kind != invocationResponse {
			continue
		}
		id, status := "", []byte(nil)
		_ = fields(content, func(field protowire.Number, value []byte, _ uint64) {
			switch field {
			case 1:
				id = string(value)
			case 3:
				status = value
			}
		})
		if waiting, found := worker.waiting.LoadAndDelete(id); found {
			waiting.(chan error) <- failure(status)
		}
	}
}

func (worker *worker) invoke(id string, body []byte) error {
	message, err := invocation(id, worker.function, body)
	if err != nil {
		return err
	}
	end := make(chan error, 1)
	worker.waiting.Store(id, end)
	if err := worker.send(message); err != nil {
		return err
	}
	return <-end
}

func environment(name string) string {
	value := os.Getenv(name)
	if value == "" {
		log.Fatalf("%s is not set", name)
	}
	return value
}

func main() {
	app := environment("FUNCTION_APP")
	processes, err := strconv.Atoi(environment("PROCESSES"))
	if err != nil {
		log.Fatal(err)
	}
	ready := make(chan *worker, processes)
	server := grpc.NewServer(
		grpc.ForceServerCodec(raw{}), grpc.MaxRecvMsgSize(1<<30), grpc.MaxSendMsgSize(1<<30))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "AzureFunctionsRpcMessages.FunctionRpc",
		HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{
			StreamName: "EventStream", ServerStreams: true, ClientStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error {
				worker := &worker{stream: stream}
				if err := worker.start(app); err != nil {
					log.Fatal(err)
				}
				ready <- worker
				return worker.answers()
			},
		}},
	}, nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(server.Serve(listener)) }()
	port := listener.Addr().(*net.TCPAddr).Port
	for number := range processes {
		python := exec.Command(environment("PYTHON"), app+"/worker.py", "--host", "127.0.0.1",
			"--port", strconv.Itoa(port), "--workerId", strconv.Itoa(number),
			"--generated", environment("GENERATED"))
		python.Stdout, python.Stderr = os.Stdout, os.Stderr
		if err := python.Start(); err != nil {
			log.Fatal(err)
		}
		go func() { log.Fatalf("a worker ended: %v", python.Wait()) }()
	}
	workers := make([]*worker, processes)
	for number := range workers {
		workers[number] = <-ready
	}
	var turn atomic.Uint64
	http.HandleFunc("GET /{$}", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("POST /IngestOrders", func(response http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err == nil {
			worker := workers[turn.Add(1)%uint64(processes)]
			err = worker.invoke(request.Header.Get("X-Azure-Functions-InvocationId"), body)
		}
		response.Header().Set("Content-Type", "application/json")
		if err != nil {
			log.Print(err)
			response.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = response.Write([]byte("{}"))
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+environment("FUNCTIONS_CUSTOMHANDLER_PORT"), nil))
}
