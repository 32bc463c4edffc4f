package modules

import (
	"time"

	"github.com/troupe-go/troupe/lua"
)

// All lists the modules of the runtime by name.
var All = []lua.Module{
	contractModule,
	ctxModule,
	envModule,
	errorsModule,
	eventsModule,
	funcsModule,
	ioModule,
	jsonModule(),
	loggerModule,
	osModule(time.Now()),
	payloadModule,
	printModule,
	processModule,
	pubsubModule,
	registryModule,
	securityModule,
	systemModule,
	timeModule,
	uuidModule,
}
