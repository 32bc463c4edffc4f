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
	printModule,
	processModule,
	pubsubModule,
	registryModule,
	securityModule,
	storeModule,
	streamModule,
	systemModule,
	textModule,
	timeModule,
	uuidModule,
	websocketModule,
	yamlModule,
}
