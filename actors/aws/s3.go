package aws

import (
	"context"
	"net/http"
	"net/url"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// S3Config are the fields of cloudstorage.s3.
type S3Config struct {
	Bucket   string `yaml:"bucket" required:"true" doc:"The bucket."`
	Config   string `yaml:"config" required:"true" ref:"config.aws" doc:"Region and credentials."`
	Endpoint string `yaml:"endpoint" doc:"The URL of another server than that of AWS, which then finds the bucket in the path."`
}

// Validate implements registry.Validator.
func (c *S3Config) Validate() error {
	if c.Endpoint == "" {
		return nil
	}
	if u, err := url.Parse(c.Endpoint); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return &registry.FieldError{Path: []string{"endpoint"}, Text: "the endpoint is no URL", Hint: "write it as in http://localhost:9000"}
	}
	return nil
}

// S3 is a bucket of S3, or of a server that speaks as S3 does.
var S3 = actors.Define(actors.Spec[S3Config]{
	Name: "cloudstorage.s3", Doc: "A bucket of S3, or of another server that speaks its protocol.",
	Serve: func(env actors.Env, _ S3Config) actor.Actor { return &storage{env: env, entry: env.Entry} },
})

// storage is the actor of a cloudstorage.s3. Its client is made when a program asks
// for the bucket, and again when what it was made of has changed.
type storage struct {
	env    actors.Env
	entry  registry.Entry
	made   plan
	client *bucket // nil before the first one
}

// plan is what a client is made of.
type plan struct {
	config S3Config
	access messages.AWSAccess
}

// Load implements actors.Loader.
func (s *storage) Load(ctx context.Context) (context.Context, error) {
	_, err := actors.Configure[S3Config](ctx, s.env, s.entry)
	return ctx, err
}

// Update implements actors.Updater: who holds the bucket keeps the old one.
func (s *storage) Update(ctx context.Context, e registry.Entry) error {
	_, err := actors.Configure[S3Config](ctx, s.env, e)
	if err == nil {
		s.entry = e
	}
	return err
}

// Receive implements actor.Actor.
func (s *storage) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Stopping:
		if s.client != nil {
			s.client.idle()
		}
	case *actors.Request:
		if _, ok := m.Body.(*messages.BucketOpen); !ok {
			actors.Unknown(m, s.env.ID)
			return
		}
		s.env.Cell.Serve(m, s.open)
	}
}

func (s *storage) open(ctx context.Context) (any, error) {
	c, err := actors.Configure[S3Config](ctx, s.env, s.entry)
	if err != nil {
		return nil, err
	}
	access, err := actors.As[*messages.AWSAccess](actors.Call(ctx, s.env.Sys, s.env.PID(c.Config), &messages.AWSSettings{}))
	if err != nil {
		return nil, messages.Wrap(err, "reading the settings of "+s.env.ID)
	}
	p := plan{c, *access}
	if s.client != nil && s.made == p {
		return messages.Bucket(s.client), nil
	}
	b, err := actors.As[*bucket](actors.Await(ctx, func() (any, error) { return connect(p) }))
	if err != nil {
		return nil, err
	}
	if s.client != nil {
		s.client.idle()
	}
	s.made, s.client = p, b
	return messages.Bucket(b), nil
}

// connect makes a client; it may read the files that say who we are.
func connect(p plan) (*bucket, error) {
	options := []func(*config.LoadOptions) error{config.WithRegion(p.access.Region)}
	if p.access.AccessKeyID != "" && p.access.SecretAccessKey != "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(p.access.AccessKeyID, p.access.SecretAccessKey, "")))
	}
	c, err := config.LoadDefaultConfig(context.Background(), options...)
	if err != nil {
		return nil, messages.Because(messages.Invalid, "reading the credentials of AWS", err)
	}
	connections := awshttp.NewBuildableClient().GetTransport()
	if given, ok := c.HTTPClient.(*awshttp.BuildableClient); ok { // with the certificates that the machine trusts
		connections = given.GetTransport()
	}
	client := s3.NewFromConfig(c, func(o *s3.Options) {
		o.HTTPClient = &http.Client{Transport: connections}
		if p.config.Endpoint != "" {
			o.BaseEndpoint, o.UsePathStyle = &p.config.Endpoint, true
			// Others do not know the checksums that AWS takes.
			o.RequestChecksumCalculation, o.ResponseChecksumValidation = aws.RequestChecksumCalculationWhenRequired, aws.ResponseChecksumValidationWhenRequired
		}
	})
	return &bucket{name: p.config.Bucket, client: client, idle: connections.CloseIdleConnections}, nil
}
