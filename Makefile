# One command for each thing that a developer does. The work is in launcher/ (standard library only).
PYTHON ?= python3
ARGS ?=

.PHONY: run demo-reset test test-servers check format bench faults manage shell clean

run:            ## the whole portal in the foreground; Ctrl-C stops it
	@exec $(PYTHON) -m launcher run

demo-reset:     ## forget all data of development and begin anew
	@exec $(PYTHON) -m launcher demo-reset

test:           ## all tests, or make test ARGS="tests/booking -k unknown"
	@exec $(PYTHON) -m launcher test $(ARGS)

test-servers:   ## keep PostgreSQL and Valkey up for repeated runs of pytest
	@exec $(PYTHON) -m launcher test-servers

check:          ## linters, types, import contracts, templates, migrations, deployment files
	@exec $(PYTHON) -m launcher check

format:         ## let ruff lay the Python code out
	@exec $(PYTHON) -m launcher format

bench:          ## measurements for docs/measurements.md
	@exec $(PYTHON) -m launcher bench $(ARGS)

faults:         ## many wishes under faults, kills and moving time, and a judge: make faults SEED=7 N=200
	@exec $(PYTHON) -m launcher faults $(if $(SEED),--seed $(SEED)) $(if $(N),--wishes $(N)) $(ARGS)

manage:         ## a management command on the running portal: make manage ARGS="shift_clock --days 3"
	@exec $(PYTHON) -m launcher manage $(ARGS)

shell:          ## Django's shell on the development database
	@exec $(PYTHON) -m launcher manage shell

clean:          ## remove the virtual environment, var/ and caches
	@exec $(PYTHON) -m launcher clean
