package modules

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// cloud is a Storage object: the bucket of an entry.
type cloud struct {
	bucket   messages.Bucket
	released bool
}

var cloudstorageModule = lua.Module{
	Name:  "cloudstorage",
	Doc:   "Objects in buckets of S3 and of what speaks as it does. Failures of the server and of the way to it are Internal.",
	Class: []lua.Class{lua.Storage, lua.Network, lua.IO},
	Funcs: []lua.Func{{
		Sig: "get(id: any): Storage, error?", Doc: "Gives the bucket with that entry id.", Permission: "cloudstorage.get", Ask: cloudGet,
	}},
	Types: []lua.Type{{
		Name: "Storage", Doc: "A bucket.", Of: (*cloud)(nil),
		Methods: []lua.Func{
			{Sig: "list_objects(options?: table): table, error?", Doc: "{objects, is_truncated, next_continuation_token}: objects in the order of their keys, of {prefix, max_keys, continuation_token, include_owner, include_versions}. Each is {key, size, etag, storage_class, content_type}, which is empty here, and where they are known last_modified (seconds since 1970), version_id and owner.", Ask: cloudList},
			{Sig: "head_object(key: any): table, error?", Doc: "{size, etag, content_type, cache_control, content_disposition, content_encoding, storage_class, version_id, last_modified, metadata, headers} of an object; last_modified in seconds since 1970.", Ask: cloudHead},
			{Sig: "download_object(key: any, writer: any, options?: table): boolean, error?", Doc: "Writes an object to a File or Stream. Options: range, as in bytes=0-99; if_match and if_none_match, an etag: Conflict where it does not fit.", Ask: cloudDownload},
			{Sig: "upload_object(key: any, content: any, options?: table): boolean, error?", Doc: "Makes an object of a string, or of what is left in a File or Stream. Options: content_type, cache_control, content_disposition, content_encoding, metadata and headers (tables of strings), if_match, if_none_match, only_if_absent: Conflict where the condition does not hold.", Ask: cloudUpload},
			{Sig: "delete_objects(keys: any): boolean, error?", Doc: "Deletes the objects under a list of keys; those that are not there are no error.", Ask: cloudDelete},
			{Sig: "presigned_get_url(key: any, options?: table): string, error?", Doc: "A URL that gives the object to whoever has it, for {expiration} seconds (3600 if left out, at most 7 days) or a duration.", Ask: func(c *lua.Call) (*lua.Command, error) {
				return cloudSign(c, func(ctx context.Context, b messages.Bucket, key string, valid time.Duration, _ *messages.Table) (string, error) {
					return b.SignGet(ctx, key, valid)
				})
			}},
			{Sig: "presigned_put_url(key: any, options?: table): string, error?", Doc: "A URL under which whoever has it can put the object. Options: expiration as in presigned_get_url; content_type and content_length, which the request then must have.", Ask: func(c *lua.Call) (*lua.Command, error) {
				return cloudSign(c, func(ctx context.Context, b messages.Bucket, key string, valid time.Duration, o *messages.Table) (string, error) {
					length, _ := o.Get("content_length").(float64)
					return b.SignPut(ctx, key, valid, optionText(o, "content_type"), int64(length))
				})
			}},
			{Sig: "release(): boolean", Doc: "Lets go of the bucket; may be repeated.", Do: func(c *lua.Call) error {
				c.Self().(*cloud).released = true
				return c.Return(true)
			}},
		},
	}},
}

func cloudGet(c *lua.Call) (*lua.Command, error) {
	id := c.String(0)
	if c.TypeOf(0) != "string" || id == "" {
		return nil, messages.Errorf(messages.Invalid, "cloud storage ID required")
	}
	if !c.Allowed("cloudstorage.get", id) {
		return nil, denied("not allowed to get cloud storage: %s", id)
	}
	missing := messages.Errorf(messages.NotFound, "cloud storage not found: %s", id)
	if _, _, ok := splitID(id); !ok {
		return nil, missing
	}
	cmd := lua.Ask(id, &messages.BucketOpen{}, func(c *lua.Call, b messages.Bucket) error { return c.Return(&cloud{bucket: b}) })
	cmd.Catch = func(_ *lua.Call, err *messages.Error) error {
		switch {
		case err.Kind == messages.NotFound:
			return missing
		case err.Kind == messages.Invalid && err.Cause == nil:
			return messages.Because(messages.Invalid, "entry "+id+" is no cloud storage", err)
		}
		return messages.Wrap(err, "getting cloud storage "+id)
	}
	return cmd, nil
}

// cloudSelf is the bucket of the object a method was called on.
func cloudSelf(c *lua.Call) (messages.Bucket, error) {
	s := c.Self().(*cloud)
	if s.released {
		return nil, messages.Errorf(messages.Invalid, "cloud storage is released")
	}
	return s.bucket, nil
}

// cloudKey is the bucket, and the key that is the first argument.
func cloudKey(c *lua.Call) (messages.Bucket, string, error) {
	b, err := cloudSelf(c)
	if err == nil && (c.TypeOf(0) != "string" || c.String(0) == "") {
		err = messages.Errorf(messages.Invalid, "key is required")
	}
	return b, c.String(0), err
}

func optionText(o *messages.Table, name string) string {
	s, _ := o.Get(name).(string)
	return s
}

func optionTexts(o *messages.Table, name string) map[string]string {
	t, ok := o.Get(name).(*messages.Table)
	if !ok {
		return nil
	}
	out := make(map[string]string, len(t.Keys))
	for i, k := range t.Keys {
		key, ok := k.(string)
		if v, isText := t.Vals[i].(string); ok && isText {
			out[key] = v
		}
	}
	return out
}

// remotely is the command that runs work until it is over or the process ends.
func remotely(work func(ctx context.Context) (any, error)) *lua.Command {
	return &lua.Command{Go: func(done <-chan struct{}) (any, error) {
		ctx, cancel := untilDone(done)
		defer cancel()
		return guarded(func() (any, error) { return work(ctx) })
	}}
}

func cloudList(c *lua.Call) (*lua.Command, error) {
	b, err := cloudSelf(c)
	if err != nil {
		return nil, err
	}
	t := c.Table(0)
	most, _ := t.Get("max_keys").(float64)
	owners, _ := t.Get("include_owner").(bool)
	versions, _ := t.Get("include_versions").(bool)
	o := messages.BucketList{Prefix: optionText(t, "prefix"), Token: optionText(t, "continuation_token"), Max: int(min(most, 1e6)), Owners: owners, Versions: versions}
	return remotely(func(ctx context.Context) (any, error) {
		page, err := b.List(ctx, o)
		if err != nil {
			return nil, err
		}
		objects := &messages.Table{}
		for _, i := range page.Objects {
			object := (&messages.Table{}).Set("key", i.Key).Set("size", float64(i.Size)).Set("etag", i.ETag).Set("storage_class", i.StorageClass).Set("content_type", "")
			setKnown(object, i.Modified, "version_id", i.Version, "owner", i.Owner)
			objects.Array = append(objects.Array, object)
		}
		out := (&messages.Table{}).Set("objects", objects).Set("is_truncated", page.Next != "")
		setKnown(out, time.Time{}, "next_continuation_token", page.Next)
		return out, nil
	}), nil
}

// setKnown sets last_modified and other fields where they are known.
func setKnown(t *messages.Table, modified time.Time, fields ...string) {
	if !modified.IsZero() {
		t.Set("last_modified", float64(modified.Unix()))
	}
	for i := 0; i < len(fields); i += 2 {
		if fields[i+1] != "" {
			t.Set(fields[i], fields[i+1])
		}
	}
}

func cloudHead(c *lua.Call) (*lua.Command, error) {
	b, key, err := cloudKey(c)
	if err != nil {
		return nil, err
	}
	return remotely(func(ctx context.Context) (any, error) {
		h, err := b.Head(ctx, key)
		if err != nil {
			return nil, err
		}
		out := (&messages.Table{}).Set("size", float64(h.Size)).Set("etag", h.ETag).Set("content_type", h.ContentType).
			Set("metadata", messages.ValueOf(textMap(h.Metadata))).Set("headers", messages.ValueOf(textMap(h.Headers)))
		setKnown(out, h.Modified, "cache_control", h.CacheControl, "content_disposition", h.ContentDisposition, "content_encoding", h.ContentEncoding,
			"storage_class", h.StorageClass, "version_id", h.Version)
		return out, nil
	}), nil
}

func textMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// withStream is remotely for work with a File or Stream of the process.
func withStream(s Stream, doing string, work func(ctx context.Context, source any) error) (*lua.Command, error) {
	var ctx context.Context
	cmd, err := s.Use(doing, func(source any) (any, error) {
		return guarded(func() (any, error) { return true, work(ctx, source) })
	}, returnIt)
	if err != nil {
		return nil, err
	}
	run := cmd.Go
	cmd.Go = func(done <-chan struct{}) (any, error) {
		within, cancel := untilDone(done)
		defer cancel()
		ctx = within
		return run(done)
	}
	return cmd, nil
}

func cloudDownload(c *lua.Call) (*lua.Command, error) {
	b, key, err := cloudKey(c)
	if err != nil {
		return nil, err
	}
	to, ok := c.Object(1).(Stream)
	if !ok {
		return nil, messages.Errorf(messages.Invalid, "writer: a File or Stream expected, got %s", c.TypeOf(1))
	}
	t := c.Table(2)
	o := messages.ObjectRead{Range: optionText(t, "range"), IfMatch: optionText(t, "if_match"), IfNoneMatch: optionText(t, "if_none_match")}
	return withStream(to, "downloading "+key+" to", func(ctx context.Context, source any) error {
		w, ok := source.(io.Writer)
		if !ok {
			return messages.Errorf(messages.Invalid, "writer: it cannot be written to")
		}
		return b.Download(ctx, key, w, o)
	})
}

func cloudUpload(c *lua.Call) (*lua.Command, error) {
	b, key, err := cloudKey(c)
	if err != nil {
		return nil, err
	}
	t := c.Table(2)
	o := messages.ObjectWrite{
		ContentType: optionText(t, "content_type"), CacheControl: optionText(t, "cache_control"), ContentDisposition: optionText(t, "content_disposition"), ContentEncoding: optionText(t, "content_encoding"),
		IfMatch: optionText(t, "if_match"), IfNoneMatch: optionText(t, "if_none_match"), Metadata: optionTexts(t, "metadata"), Headers: optionTexts(t, "headers"),
	}
	if absent, _ := t.Get("only_if_absent").(bool); absent {
		if o.IfMatch != "" || o.IfNoneMatch != "" && o.IfNoneMatch != "*" {
			return nil, messages.Errorf(messages.Invalid, "only_if_absent cannot go together with if_match and if_none_match")
		}
		o.IfNoneMatch = "*"
	}
	if c.TypeOf(1) == "string" {
		content := c.String(1)
		return remotely(func(ctx context.Context) (any, error) { return true, b.Upload(ctx, key, strings.NewReader(content), o) }), nil
	}
	from, ok := c.Object(1).(Stream)
	if !ok {
		return nil, messages.Errorf(messages.Invalid, "content: a string, File or Stream expected, got %s", c.TypeOf(1))
	}
	return withStream(from, "uploading "+key+" from", func(ctx context.Context, source any) error {
		r, ok := source.(io.Reader)
		if !ok {
			return messages.Errorf(messages.Invalid, "content: it cannot be read")
		}
		return b.Upload(ctx, key, r, o)
	})
}

func cloudDelete(c *lua.Call) (*lua.Command, error) {
	b, err := cloudSelf(c)
	if err != nil {
		return nil, err
	}
	list := c.Table(0)
	var keys []string
	if list != nil {
		for _, v := range list.Array {
			if key, ok := v.(string); ok && key != "" {
				keys = append(keys, key)
			}
		}
	}
	if len(keys) == 0 || len(keys) != list.Len() {
		return nil, messages.Errorf(messages.Invalid, "keys: a list of keys expected")
	}
	return remotely(func(ctx context.Context) (any, error) { return true, b.Delete(ctx, keys) }), nil
}

// longestURL is how long a signed URL may be valid.
const longestURL = 7 * 24 * time.Hour

func cloudSign(c *lua.Call, sign func(ctx context.Context, b messages.Bucket, key string, valid time.Duration, o *messages.Table) (string, error)) (*lua.Command, error) {
	b, key, err := cloudKey(c)
	if err != nil {
		return nil, err
	}
	o, valid := c.Table(1), time.Hour
	switch v := o.Get("expiration").(type) {
	case float64:
		valid = seconds(v)
	case string:
		if valid, err = time.ParseDuration(v); err != nil {
			valid = 0
		}
	case nil:
	default:
		valid = 0
	}
	if valid < time.Second || valid > longestURL {
		return nil, messages.Errorf(messages.Invalid, "option expiration: a number of seconds from 1 to %d or a duration expected", int(longestURL.Seconds()))
	}
	return remotely(func(ctx context.Context) (any, error) { return sign(ctx, b, key, valid, o) }), nil
}
