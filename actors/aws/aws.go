// Package aws serves entries that stand for services of AWS, or for others that
// speak as they do.
package aws

import (
	"context"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Kinds lists the kinds of this package.
func Kinds() []actors.Kind { return []actors.Kind{Settings, S3} }

// SettingsConfig are the fields of config.aws.
type SettingsConfig struct {
	Region          string `yaml:"region" required:"true" doc:"The region, as in eu-central-1."`
	AccessKeyID     string `yaml:"access_key_id" doc:"The key of an account. Without both keys those of the machine are used, as all programs for AWS find them."`
	SecretAccessKey string `yaml:"secret_access_key" doc:"Its secret."`
}

// Settings says how AWS is reached.
var Settings = actors.Define(actors.Spec[SettingsConfig]{
	Name: "config.aws", Doc: "How AWS is reached: region and credentials.",
	Serve: func(env actors.Env, _ SettingsConfig) actor.Actor { return &settings{env: env, entry: env.Entry} },
})

// settings is the actor of a config.aws. Environment variables are read whenever
// it is asked: nobody tells when they change.
type settings struct {
	env   actors.Env
	entry registry.Entry
}

// Load implements actors.Loader.
func (s *settings) Load(ctx context.Context) (context.Context, error) {
	_, err := actors.Configure[SettingsConfig](ctx, s.env, s.entry)
	return ctx, err
}

// Update implements actors.Updater.
func (s *settings) Update(ctx context.Context, e registry.Entry) error {
	_, err := actors.Configure[SettingsConfig](ctx, s.env, e)
	if err == nil {
		s.entry = e
	}
	return err
}

// Receive implements actor.Actor.
func (s *settings) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	if _, ok := req.Body.(*messages.AWSSettings); !ok {
		actors.Unknown(req, s.env.ID)
		return
	}
	s.env.Cell.Serve(req, func(ctx context.Context) (any, error) {
		c, err := actors.Configure[SettingsConfig](ctx, s.env, s.entry)
		return &messages.AWSAccess{Region: c.Region, AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}, err
	})
}
