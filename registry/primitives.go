package registry

// Definition is the configuration of ns.definition, the manifest of a module.
type Definition struct {
	Module string         `yaml:"module" doc:"The module, organisation/name."`
	Readme string         `yaml:"readme" doc:"Text of its introduction."`
	Wiki   string         `yaml:"wiki" doc:"Text of its documentation."`
	Other  map[string]any `yaml:",inline" doc:"Whatever else describes it."`
}

// Requirement is the configuration of ns.requirement, a parameter of a module.
type Requirement struct {
	Targets []Target `yaml:"targets" required:"true" min:"1" doc:"Where the value is written to."`
	Default any      `yaml:"default" doc:"The value where no dependency gives one; an empty string is one."`
}

// Target is a place that a parameter is written to.
type Target struct {
	Entry string `yaml:"entry" required:"true" doc:"The entry: a bare name means one beside the requirement."`
	Path  string `yaml:"path" required:"true" doc:"The field: .field.sub, .meta.x, or '.list +=' to append."`
}

// Dependency is the configuration of ns.dependency, the use of a module.
type Dependency struct {
	Component  string      `yaml:"component" required:"true" doc:"The module, organisation/name."`
	Version    string      `yaml:"version" doc:"Which versions will do: 1.2.0, ^1.2.0, ~1.2.0, >=1.0.0 <2.0.0 or *."`
	Parameters []Parameter `yaml:"parameters" doc:"Values for the requirements of the module."`
}

// Parameter is a value for a requirement.
type Parameter struct {
	Name  string `yaml:"name" required:"true" doc:"The requirement, bare or namespace:name."`
	Value any    `yaml:"value" doc:"The value."`
}

// Primitives returns the kinds that belong to the registry itself. They carry only
// data and are offered to no component.
func Primitives() Kinds {
	return Kinds{
		"registry.entry": {DataOnly: true, Doc: "Any data, for configuration and discovery."},
		"ns.definition":  {DataOnly: true, Doc: "The manifest of a module.", Schema: OpenSchemaOf[Definition]()},
		"ns.requirement": {DataOnly: true, Doc: "A parameter of a module.", Schema: SchemaOf[Requirement]()},
		"ns.dependency":  {DataOnly: true, Doc: "The use of a module, with its parameters.", Schema: OpenSchemaOf[Dependency]()},
	}
}
