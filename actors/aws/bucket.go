package aws

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/troupe-go/troupe/messages"
)

// bucket is a messages.Bucket.
type bucket struct {
	name   string
	client *s3.Client
	idle   func() // closes the connections that nobody uses
}

// explain gives an error of the server its kind.
func explain(doing string, err error) *messages.Error {
	kind, again := messages.Internal, false
	status := 0
	if res := (*smithyhttp.ResponseError)(nil); errors.As(err, &res) {
		status = res.HTTPStatusCode()
	}
	code := ""
	if api := smithy.APIError(nil); errors.As(err, &api) {
		code = api.ErrorCode()
	}
	switch {
	case errors.Is(err, context.Canceled):
		kind = messages.Canceled
	case status == http.StatusNotFound:
		kind = messages.NotFound
	case status == http.StatusPreconditionFailed, status == http.StatusNotModified, status == http.StatusConflict:
		kind, again = messages.Conflict, status == http.StatusConflict
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		kind = messages.PermissionDenied
	case status == http.StatusBadRequest, status == http.StatusRequestedRangeNotSatisfiable, code == "InvalidRange":
		kind = messages.Invalid
	case status == 0, status >= http.StatusInternalServerError:
		again = true
	}
	e := messages.Because(kind, doing, err)
	if again {
		e = e.WithRetry(true)
	}
	return e
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (b *bucket) object(key string) string { return key + " of bucket " + b.name }

// List implements messages.Bucket.
func (b *bucket) List(ctx context.Context, o messages.BucketList) (*messages.BucketPage, error) {
	var most *int32
	if o.Max > 0 {
		most = aws.Int32(int32(min(o.Max, 1000))) //nolint:gosec // it is small
	}
	if o.Versions {
		return b.listVersions(ctx, o, most)
	}
	in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: optional(o.Prefix), ContinuationToken: optional(o.Token), MaxKeys: most}
	if o.Owners {
		in.FetchOwner = &o.Owners
	}
	out, err := b.client.ListObjectsV2(ctx, in)
	if err != nil {
		return nil, explain("listing the objects of bucket "+b.name, err)
	}
	page := &messages.BucketPage{}
	if aws.ToBool(out.IsTruncated) {
		page.Next = aws.ToString(out.NextContinuationToken)
	}
	for _, object := range out.Contents {
		page.Objects = append(page.Objects, messages.ObjectInfo{
			Key: aws.ToString(object.Key), ETag: aws.ToString(object.ETag), StorageClass: string(object.StorageClass), Owner: owner(object.Owner),
			Size: aws.ToInt64(object.Size), Modified: aws.ToTime(object.LastModified),
		})
	}
	return page, nil
}

// listVersions lists every version of each object. The server continues at a key
// and a version, which are one token here.
func (b *bucket) listVersions(ctx context.Context, o messages.BucketList, most *int32) (*messages.BucketPage, error) {
	in := &s3.ListObjectVersionsInput{Bucket: &b.name, Prefix: optional(o.Prefix), MaxKeys: most}
	if o.Token != "" {
		raw, err := base64.RawURLEncoding.DecodeString(o.Token)
		key, version, ok := strings.Cut(string(raw), "\x00")
		if err != nil || !ok {
			return nil, messages.Errorf(messages.Invalid, "listing the versions of bucket %s: the continuation token was not given by such a list", b.name)
		}
		in.KeyMarker, in.VersionIdMarker = optional(key), optional(version)
	}
	out, err := b.client.ListObjectVersions(ctx, in)
	if err != nil {
		return nil, explain("listing the versions of bucket "+b.name, err)
	}
	page := &messages.BucketPage{}
	if aws.ToBool(out.IsTruncated) {
		page.Next = base64.RawURLEncoding.EncodeToString([]byte(aws.ToString(out.NextKeyMarker) + "\x00" + aws.ToString(out.NextVersionIdMarker)))
	}
	for _, v := range out.Versions {
		info := messages.ObjectInfo{
			Key: aws.ToString(v.Key), ETag: aws.ToString(v.ETag), StorageClass: string(v.StorageClass), Version: aws.ToString(v.VersionId),
			Size: aws.ToInt64(v.Size), Modified: aws.ToTime(v.LastModified),
		}
		if o.Owners {
			info.Owner = owner(v.Owner)
		}
		page.Objects = append(page.Objects, info)
	}
	return page, nil
}

func owner(o *types.Owner) string {
	if o == nil {
		return ""
	}
	if name := aws.ToString(o.DisplayName); name != "" {
		return name
	}
	return aws.ToString(o.ID)
}

// Head implements messages.Bucket.
func (b *bucket) Head(ctx context.Context, key string) (*messages.ObjectHead, error) {
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return nil, explain("looking at "+b.object(key), err)
	}
	h := &messages.ObjectHead{
		ETag: aws.ToString(out.ETag), ContentType: aws.ToString(out.ContentType), CacheControl: aws.ToString(out.CacheControl),
		ContentDisposition: aws.ToString(out.ContentDisposition), ContentEncoding: aws.ToString(out.ContentEncoding),
		StorageClass: string(out.StorageClass), Version: aws.ToString(out.VersionId), Size: aws.ToInt64(out.ContentLength),
		Modified: aws.ToTime(out.LastModified), Metadata: out.Metadata, Headers: map[string]string{},
	}
	if raw, ok := middleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response); ok {
		for name, values := range raw.Header {
			h.Headers[name] = values[0]
		}
	}
	return h, nil
}

// Download implements messages.Bucket.
func (b *bucket) Download(ctx context.Context, key string, to io.Writer, o messages.ObjectRead) error {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key, Range: optional(o.Range), IfMatch: optional(o.IfMatch), IfNoneMatch: optional(o.IfNoneMatch)})
	if err != nil {
		return explain("downloading "+b.object(key), err)
	}
	defer out.Body.Close() //nolint:errcheck // it was only read
	_, err = io.Copy(to, out.Body)
	return err
}

// Delete implements messages.Bucket.
func (b *bucket) Delete(ctx context.Context, keys []string) error {
	const most = 1000 // in one request
	for len(keys) > 0 {
		n := min(most, len(keys))
		in := &s3.DeleteObjectsInput{Bucket: &b.name, Delete: &types.Delete{Quiet: aws.Bool(true)}}
		for _, key := range keys[:n] {
			in.Delete.Objects = append(in.Delete.Objects, types.ObjectIdentifier{Key: &key})
		}
		out, err := b.client.DeleteObjects(ctx, in)
		if err != nil {
			return explain("deleting objects of bucket "+b.name, err)
		}
		if len(out.Errors) > 0 {
			e := out.Errors[0]
			kind := messages.Internal
			if aws.ToString(e.Code) == "AccessDenied" {
				kind = messages.PermissionDenied
			}
			return messages.Errorf(kind, "deleting %s: %s; %d objects were not deleted", b.object(aws.ToString(e.Key)), aws.ToString(e.Message), len(out.Errors))
		}
		keys = keys[n:]
	}
	return nil
}

// SignGet implements messages.Bucket.
func (b *bucket) SignGet(ctx context.Context, key string, valid time.Duration) (string, error) {
	r, err := s3.NewPresignClient(b.client).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key}, s3.WithPresignExpires(valid))
	if err != nil {
		return "", explain("signing a URL of "+b.object(key), err)
	}
	return r.URL, nil
}

// SignPut implements messages.Bucket.
func (b *bucket) SignPut(ctx context.Context, key string, valid time.Duration, contentType string, length int64) (string, error) {
	in := &s3.PutObjectInput{Bucket: &b.name, Key: &key, ContentType: optional(contentType)}
	if length > 0 {
		in.ContentLength = &length
	}
	r, err := s3.NewPresignClient(b.client).PresignPutObject(ctx, in, s3.WithPresignExpires(valid))
	if err != nil {
		return "", explain("signing a URL of "+b.object(key), err)
	}
	return r.URL, nil
}

// withHeaders adds headers to the requests of a call.
func withHeaders(headers map[string]string) func(*s3.Options) {
	headers = maps.Clone(headers)
	return func(o *s3.Options) {
		for name, value := range headers {
			o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue(name, value))
		}
	}
}

func partNumber(n int) *int32 {
	return aws.Int32(int32(n)) //nolint:gosec // at most maxParts
}

var errParts = messages.Errorf(messages.Invalid, "an object of more than %d GiB; upload it in pieces under several keys", maxParts*partSize>>30)
