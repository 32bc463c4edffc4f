package messages

import (
	"context"
	"io"
	"time"
)

// AWSSettings asks a config.aws entry how AWS is reached. Answered with an
// *AWSAccess. It stays on its node.
type AWSSettings struct{}

// AWSAccess is how AWS is reached. Without both keys its default chain of
// credentials is used.
type AWSAccess struct{ Region, AccessKeyID, SecretAccessKey string }

// BucketOpen asks a cloudstorage.* entry for its bucket. Answered with a Bucket.
// It stays on its node.
type BucketOpen struct{}

// Bucket holds objects under keys. Its errors are *Error: NotFound for an object or
// bucket that is not there, Conflict for a precondition that does not hold,
// PermissionDenied, Invalid, and Internal, retryable where the server failed. All
// methods may block and may be called by many goroutines.
type Bucket interface {
	List(ctx context.Context, o BucketList) (*BucketPage, error)
	Head(ctx context.Context, key string) (*ObjectHead, error)
	Download(ctx context.Context, key string, to io.Writer, o ObjectRead) error
	Upload(ctx context.Context, key string, from io.Reader, o ObjectWrite) error
	Delete(ctx context.Context, keys []string) error // keys without an object are no error
	SignGet(ctx context.Context, key string, valid time.Duration) (url string, err error)
	SignPut(ctx context.Context, key string, valid time.Duration, contentType string, length int64) (url string, err error)
}

// BucketList says which objects are listed, in the order of their keys.
type BucketList struct {
	Prefix, Token    string // Token is the Next of the page before
	Max              int    // 0 for what the server gives
	Owners, Versions bool
}

// BucketPage is a part of the objects of a bucket.
type BucketPage struct {
	Objects []ObjectInfo
	Next    string // "" on the last page
}

// ObjectInfo is an object in a list. Owner and Version are "" where they were not
// asked for.
type ObjectInfo struct {
	Key, ETag, StorageClass, Version, Owner string
	Size                                    int64
	Modified                                time.Time // zero if unknown
}

// ObjectHead is what is known about an object.
type ObjectHead struct {
	ETag, ContentType, CacheControl, ContentDisposition, ContentEncoding, StorageClass, Version string

	Size     int64
	Modified time.Time // zero if unknown
	Metadata map[string]string
	Headers  map[string]string // of the answer, the first of each name
}

// ObjectRead says what of an object is read, and when.
type ObjectRead struct{ Range, IfMatch, IfNoneMatch string }

// ObjectWrite says how an object is written, and when. IfNoneMatch "*" means only
// where there is none.
type ObjectWrite struct {
	ContentType, CacheControl, ContentDisposition, ContentEncoding, IfMatch, IfNoneMatch string

	Metadata map[string]string
	Headers  map[string]string // others, as they are
}
