// A custom handler in Go: net/http, santhosh-tekuri/jsonschema, azblob.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
)

func main() {
	job, err := newJob(os.Getenv("SCHEMA_FILE"), os.Getenv("LANDING_CONNECTION"), os.Getenv("LANDING_CONTAINER"))
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /{$}", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("POST /IngestOrders", func(response http.ResponseWriter, request *http.Request) {
		response.Header().Set("Content-Type", "application/json")
		batch, err := readBatch(request.Body)
		if err == nil {
			err = job.land(request.Context(), batch)
		}
		if err != nil {
			log.Print(err)
			response.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(response).Encode(struct{}{})
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"), nil))
}
