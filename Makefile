# Everything that can be done here. `make` alone lists it.
#
# What is needed: Go, Node.js with npm, and git. The rest is installed by the targets that need it: Go
# tools as `go tool`, npm packages by `npm ci`, browsers as Debian's packages.

.DEFAULT_GOAL := help
.PHONY: help run build test test-core test-wasm test-web test-packages soak soak-core soak-web bench bench-core lint clean chromium firefox webkit

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build, serve the demo on localhost and print its address
	node web/serve.js

build: web/node_modules ## build the npm package and the demo into web/dist
	node web/build.js

test: lint test-core test-wasm test-web ## check the form, and run every test; random operations are the same each time

test-core: ## test the cache itself, natively, with the race detector
	go test -race -short ./core/...
	go test ./core -run '^TestModel'

# wasmbrowsertest puts the environment into the page that runs the tests, and Go's arguments and
# environment must fit in 8 KiB there: so it gets only what it needs.
test-wasm: chromium ## test the bridge and the IndexedDB store in headless Chromium
	exec=$$(go tool -n wasmbrowsertest) && \
	env -i PATH="$$PATH" HOME="$$HOME" GOOS=js GOARCH=wasm \
		GOMODCACHE="$$(go env GOMODCACHE)" GOCACHE="$$(go env GOCACHE)" GOPROXY="$$(go env GOPROXY)" \
		go test -timeout 5m -exec "$$exec" ./jsbridge/...

# Only what make is told: people have a variable of that name in their environment.
ifeq ($(origin BROWSER),command line)
browsers := $(BROWSER)
soaked := $(BROWSER)
else
browsers := chromium firefox webkit
brief := --brief=firefox --brief=webkit
soaked := chromium firefox
endif
# What is tested once more with the disk on files, and then in a worker of the user as well.
onfiles := bytes history model overlap snapshots spilling surface-model
test-web: build $(browsers) ## test the built package in Chromium, and in brief in Firefox and WebKit; BROWSER: all of it there
	$(if $(filter-out webkit,$(firstword $(browsers))),cd web && for inside in '' worker; do \
		node test/support/run.js --disk=opfs --inside=$$inside $(onfiles:%=--only=%) $(firstword $(browsers)) || exit; done)
	cd web && node test/support/run.js $(brief) $(browsers)

# Installs from the npm registry what is tested. PACKAGES='--only=Vite' looks at some only.
test-packages: web/node_modules chromium ## use the package with each bundler, runner and compiler; write down what works
	node web/packages/run.js $(PACKAGES)

# What takes part in a soak shares the minutes; alone it has them all.
MINUTES ?= 60
SOAKS = soak-core soak-web
SHARE = $(if $(filter soak,$(MAKECMDGOALS)),$(shell expr $(MINUTES) / $(words $(SOAKS))),$(MINUTES))

soak: $(SOAKS) ## random operations with fresh seeds, for MINUTES (60); says how to repeat what fails

soak-core: ## the part of soak that needs no browser; SEED=n begins with that seed
	.ci/soak-core $(SHARE)

# What is watched goes on for minutes: SCENARIOS='5000 x 5000' takes only those with that in their name. Of one, the
# numbers of ten minutes: make soak-web MINUTES=10 BROWSER=firefox SCENARIOS='5000 x 5000 in memory, read'
soak-web: build $(soaked) ## the part of soak that watches the package, in Chromium and Firefox; SEED, SCENARIOS, BROWSER, DISK=opfs
	cd web && node test/support/watch/soak.js --minutes=$(SHARE) $(DISK:%=--disk=%) $(soaked)

bench: build chromium firefox ## measure against what people would use instead; BENCH='--quick' and others: web/bench/run.js
	node web/bench/run.js $(BENCH)

bench-core: ## benchmarks of the cache itself, in the form that benchstat reads
	go test -run '^$$' -bench . -count 6 ./core

lint: web/node_modules ## check the form of everything
	@test -z "$$(gofmt -l core jsbridge wasm web/bench)" || { gofmt -l core jsbridge wasm web/bench; exit 1; }
	go vet ./core/... && GOOS=js GOARCH=wasm go vet ./jsbridge/... ./wasm/... ./web/bench/linked
	go tool staticcheck ./core/... && GOOS=js GOARCH=wasm $$(go tool -n staticcheck) ./jsbridge/... ./wasm/...
	cd web && npm run check

clean: ## remove what was built
	rm -rf web/dist web/node_modules

chromium firefox webkit:
	@.ci/need-browser $@

web/node_modules: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@
