package aws

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/troupe-go/troupe/messages"
)

// What does not fit in one part is uploaded in several: the server wants to know
// the length and the hash of what it is sent, and a stream has neither.
const (
	partSize = 8 << 20
	maxParts = 10_000
)

// Upload implements messages.Bucket.
func (b *bucket) Upload(ctx context.Context, key string, from io.Reader, o messages.ObjectWrite) error {
	part := &bytes.Buffer{}
	more, err := fill(part, from)
	if err != nil {
		return err
	}
	if more {
		return b.uploadParts(ctx, key, part, from, o)
	}
	_, err = b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, Body: bytes.NewReader(part.Bytes()),
		ContentType: optional(o.ContentType), CacheControl: optional(o.CacheControl), ContentDisposition: optional(o.ContentDisposition), ContentEncoding: optional(o.ContentEncoding),
		IfMatch: optional(o.IfMatch), IfNoneMatch: optional(o.IfNoneMatch), Metadata: o.Metadata,
	}, withHeaders(o.Headers))
	if err != nil {
		return explain("uploading "+b.object(key), err)
	}
	return nil
}

// fill reads one part; more says that there may be another.
func fill(part *bytes.Buffer, from io.Reader) (more bool, err error) {
	part.Reset()
	n, err := io.CopyN(part, from, partSize)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n == partSize, err
}

// uploadParts uploads a first part that was read and the rest.
func (b *bucket) uploadParts(ctx context.Context, key string, part *bytes.Buffer, from io.Reader, o messages.ObjectWrite) (err error) {
	doing := "uploading " + b.object(key)
	upload, err := b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &b.name, Key: &key, Metadata: o.Metadata,
		ContentType: optional(o.ContentType), CacheControl: optional(o.CacheControl), ContentDisposition: optional(o.ContentDisposition), ContentEncoding: optional(o.ContentEncoding),
	}, withHeaders(o.Headers))
	if err != nil {
		return explain(doing, err)
	}
	defer func() {
		if err == nil {
			return
		}
		// The process may have ended; parts that stay behind cost money.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_, _ = b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &key, UploadId: upload.UploadId})
	}()
	done := &types.CompletedMultipartUpload{}
	for more := true; part.Len() > 0; {
		n := len(done.Parts) + 1
		if n > maxParts {
			return errParts
		}
		out, err := b.client.UploadPart(ctx, &s3.UploadPartInput{Bucket: &b.name, Key: &key, UploadId: upload.UploadId, PartNumber: partNumber(n), Body: bytes.NewReader(part.Bytes())})
		if err != nil {
			return explain(doing, err)
		}
		done.Parts = append(done.Parts, types.CompletedPart{ETag: out.ETag, PartNumber: partNumber(n)})
		if !more {
			break
		}
		if more, err = fill(part, from); err != nil {
			return err
		}
	}
	_, err = b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &b.name, Key: &key, UploadId: upload.UploadId, MultipartUpload: done, IfMatch: optional(o.IfMatch), IfNoneMatch: optional(o.IfNoneMatch),
	})
	if err != nil {
		return explain(doing, err)
	}
	return nil
}
