package messages

import "time"

// The commands of key-value stores, each sent to the entry of a store. They stay
// on their node.

// StoreGet answers the *StoreEntry under a key, or NotFound "key not found".
type StoreGet struct{ Key string }

// StorePut writes a value. Answered with the new *StoreEntry; AlreadyExists where
// IfAbsent finds the key, a retryable Conflict where IfVersion is not the one
// stored.
type StorePut struct {
	Key       string
	Value     Value
	TTL       time.Duration // 0 for no expiry
	IfAbsent  bool
	IfVersion string // "" for any
}

// StoreDelete answers a bool: false if the key was not there.
type StoreDelete struct{ Key string }

// StoreList answers a *StorePage of entries in the order of their keys.
type StoreList struct {
	Prefix, After string
	Limit         int // 0 for all
}

// StoreInfo answers a *StoreData.
type StoreInfo struct{}

// StoreEntry is one key of a store.
type StoreEntry struct {
	Key     string
	Value   Value
	Version string
}

// StorePage is a part of a store's entries.
type StorePage struct {
	Items  []StoreEntry
	Cursor string // After of the next page
	More   bool
}

// StoreData says what a store can do.
type StoreData struct {
	ID, Backend, Consistency                      string
	Durable, List, Versioned, ConditionalPut, TTL bool
}
