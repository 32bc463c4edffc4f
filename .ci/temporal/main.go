// The program temporal is a Temporal server for tests: on loopback, with all it
// knows in memory. Once the namespace "default" can be used, with the search
// attribute CustomKeywordField, it prints its address and runs until it is
// interrupted.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/server/temporaltest"
	"google.golang.org/protobuf/types/known/durationpb"
)

func main() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, os.Interrupt, syscall.SIGTERM)
	s := temporaltest.NewServer()
	if err := prepare(s.GetFrontendHostPort()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.GetFrontendHostPort())
	<-end
	s.Stop()
}

var keyword = temporal.NewSearchAttributeKeyKeyword("CustomKeywordField")

// prepare makes the namespace and waits until workflows can be started in it.
func prepare(address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	opt := client.Options{HostPort: address}
	namespaces, err := client.NewNamespaceClient(opt)
	if err != nil {
		return err
	}
	defer namespaces.Close()
	err = namespaces.Register(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: "default", WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	})
	if err != nil {
		return err
	}
	c, err := client.Dial(opt)
	if err != nil {
		return err
	}
	defer c.Close()
	attributes := &operatorservice.AddSearchAttributesRequest{
		Namespace: "default", SearchAttributes: map[string]enums.IndexedValueType{keyword.GetName(): enums.INDEXED_VALUE_TYPE_KEYWORD},
	}
	start := client.StartWorkflowOptions{TaskQueue: "none", TypedSearchAttributes: temporal.NewSearchAttributes(keyword.ValueSet("x"))}
	for added := false; ; { // neither is known everywhere at once
		if !added {
			_, err = c.OperatorService().AddSearchAttributes(ctx, attributes)
			added = err == nil
		}
		run, err := c.ExecuteWorkflow(ctx, start, "none")
		if err == nil {
			return c.TerminateWorkflow(ctx, run.GetID(), run.GetRunID(), "the namespace can be used")
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}
