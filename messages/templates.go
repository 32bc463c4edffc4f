package messages

// TemplateOpen asks for a template.set. Answered with a *TemplateSet, or
// NotFound. It stays on its node.
type TemplateOpen struct{ Set string }

// TemplateSet is a template.set. It may be kept: each Render sees the templates
// and the settings of the moment.
type TemplateSet struct {
	ID string

	// Render is the text of a template for the data. It blocks; once done is
	// closed it gives up. Its errors are NotFound for a template that is not in
	// the set, or a set that is gone, Canceled, and Internal for everything else.
	Render func(done <-chan struct{}, name string, data Value) (string, error)
}
