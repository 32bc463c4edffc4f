package modules

import (
	"time"

	"github.com/troupe-go/troupe/lua"
)

// All lists the modules of the runtime by name.
var All = []lua.Module{
	archiveModule,
	base64Module,
	cloudstorageModule,
	compressModule,
	contractModule,
	cryptoModule,
	ctxModule,
	envModule,
	errorsModule,
	evalModule,
	eventsModule,
	execModule,
	exprModule(),
	fsModule,
	funcsModule,
	hashModule,
	htmlModule,
	httpModule,
	httpClientModule,
	ioModule,
	jsonModule(),
	loaderModule,
	loggerModule,
	metricsModule,
	osModule(time.Now()),
	payloadModule,
	pgModule,
	printModule,
	processModule,
	pubsubModule,
	queueModule,
	registryModule,
	securityModule,
	sqlModule,
	storeModule,
	streamModule,
	systemModule,
	templatesModule,
	textModule,
	timeModule,
	ttyModule,
	uuidModule,
	websocketModule,
	workflowModule,
	yamlModule,
}
