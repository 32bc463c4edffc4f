package modules

import (
	"time"

	"github.com/troupe-go/troupe/lua"
)

// All lists the modules of the runtime by name.
var All = []lua.Module{
	base64Module,
	compressModule,
	contractModule,
	cryptoModule,
	ctxModule,
	envModule,
	errorsModule,
	eventsModule,
	execModule,
	exprModule(),
	funcsModule,
	hashModule,
	htmlModule,
	httpModule,
	httpClientModule,
	ioModule,
	jsonModule(),
	loggerModule,
	metricsModule,
	osModule(time.Now()),
	payloadModule,
	pgModule,
	printModule,
	processModule,
	pubsubModule,
	registryModule,
	securityModule,
	storeModule,
	streamModule,
	systemModule,
	templatesModule,
	textModule,
	timeModule,
	uuidModule,
	yamlModule,
}
