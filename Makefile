# Two commands do everything: `make demo` and `make test`. Each makes its own .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

# Real map data, if they stand beside the checkout; otherwise tiles are fetched, or a schematic map is made.
export SAFEZONE_MAP_DIR ?= $(abspath $(wildcard ../shared/maps))

.PHONY: demo test check format bench bench-seeds bench-rules bench-crash bench-throughput bench-lost-writes \
  bench-faults bench-malformed bench-pages bench-restart bench-sumo bench-generated bench-city bench-sumo-city \
  selftest docs clean drill bench-drills

demo: $(VENV)/.installed
	$(BIN)/safezone run scenarios/pilot.toml --out results/pilot

# A safety drill in the browser: hub, twin and pages; Ctrl-C ends it. HOST=0.0.0.0: other devices in the classroom may join.
drill: $(VENV)/.installed
	$(BIN)/safezone drill $(if $(HOST),--host $(HOST))

test: $(VENV)/.installed
	$(BIN)/python -m pytest -n $(WORKERS)

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/safezone conform coverage
	$(BIN)/safezone conform selftest --standing

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Hub faults over 20 seeds of the pilot day, the stress day and the quiet day (tests/bench/seeds.py).
bench-seeds: $(VENV)/.installed
	$(BIN)/python tests/bench/seeds.py --seeds 20

# All seven drills to a report on 20 schools drawn from the list (tests/bench/drills.py).
bench-drills: $(VENV)/.installed
	$(BIN)/python tests/bench/drills.py --schools 20

bench-rules: $(VENV)/.installed
	$(BIN)/python tests/bench/broken_rules.py

bench-crash: $(VENV)/.installed
	$(BIN)/python tests/bench/crash.py --kills 20

# The proofs of the hub as a safety system (tests/bench/README.md): each exits with an error when a zero is not zero.
bench-throughput: $(VENV)/.installed
	$(BIN)/python tests/bench/throughput.py

bench-lost-writes: $(VENV)/.installed
	$(BIN)/python tests/bench/lost_writes.py --kills 100 --crash machine
	$(BIN)/python tests/bench/lost_writes.py --kills 100 --crash machine --store postgresql

bench-faults: $(VENV)/.installed
	$(BIN)/python tests/bench/faults.py

bench-malformed: $(VENV)/.installed
	$(BIN)/python tests/bench/malformed.py --messages 1000000

# Time to usable, press to alarm, frames a second, memory of the pages; needs Chromium.
bench-pages: $(VENV)/.installed
	$(BIN)/python tests/bench/pages.py --minutes 10

bench-restart: $(VENV)/.installed
	$(BIN)/python tests/bench/restart.py

bench-sumo: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python tests/bench/beside_sumo.py

# A day of all Seoul: how it grows, and what a lost Dask worker costs (needs SAFEZONE_MAP_DIR).
bench-city: $(VENV)/.installed
	$(BIN)/python tests/bench/city_growth.py
	$(BIN)/python tests/bench/dask_loss.py

bench-sumo-city: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python tests/bench/beside_sumo_city.py

bench: bench-seeds bench-rules bench-crash bench-throughput bench-lost-writes bench-faults bench-malformed bench-restart bench-sumo

# The suite tested: every broken system of the zoo is failed by its case, no lawful variant is (about 15 minutes).
selftest: $(VENV)/.installed
	$(BIN)/safezone conform selftest -n $(WORKERS) --out results/selftest.json

# Mutations of the hub's rules, incidents and access made by a tool, against the suite; survivors are listed.
bench-generated: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python tests/bench/generated_mutants.py --sample 100

docs: $(VENV)/.installed
	$(BIN)/safezone model doc --lang ko --out docs/standard.ko.md
	$(BIN)/safezone model doc --lang en --out docs/standard.en.md
	$(BIN)/safezone conform doc --lang ko --out docs/tests.ko.md
	$(BIN)/safezone conform doc --lang en --out docs/tests.en.md

clean:
	rm -rf $(VENV) build dist

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "safezone needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) --version`. Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo '처음 한 번만 설치합니다. 3분쯤 걸립니다(인터넷 필요). · Installing, this once: some 3 minutes, with internet.'
	$(PYTHON) -m venv $(VENV)
	@echo '필요한 프로그램을 받아 설치하는 중 · fetching and installing what is needed …'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
	@echo '설치가 끝났습니다 · installed'
