# The recipes that people and CI share.
#
#   make test       everything that must pass: format, lints, unit, integration and acceptance tests
#   make test-long  dependency policy; unsafe code under AddressSanitizer, forest on aarch64; the example's check; long tests; fuzzing
#   make bench      the benches, which print and never fail on a time

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
TOOLS := target/tools

.PHONY: help build built format lint unit acceptance test test-long bench bench-drift bench-models deny example fuzz acceptance-long \
	false-alarms forest-aarch64 sanitizer tools

help:
	@sed -n 's/^#   //p' Makefile

build:
	cargo build --release --locked

format:
	cargo fmt --all --check

# Lints of everything that is built, benches and tests included; a warning is an error.
lint:
	cargo clippy --release --locked --workspace --all-targets -- -D warnings

# The release profile, so that the server the acceptance tests start is built only once, and every
# feature: the lints are of the build without.
FEATURES := --features server/otlp
unit:
	cargo test --release --locked --workspace $(FEATURES)

# As `unit` builds it: with the features that all crates and their tests ask for together, so that
# nothing is compiled a second time for the sake of a feature less.
built:
	cargo test --release --locked --workspace $(FEATURES) --no-run --quiet

# Two files at a time, as much of a test is waiting; then those that compare times.
acceptance: built tools
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile -m "not alone" acceptance
	$(VENV)/bin/python -m pytest -m alone acceptance

test: format lint unit acceptance

test-long: deny sanitizer forest-aarch64 example false-alarms acceptance-long fuzz

deny: $(TOOLS)/bin/cargo-deny
	# Advisories need the network; the other three are decided by what is committed.
	PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" cargo deny check bans licenses sources

# The kernels on the other kind of processor: cross-compiled and emulated where this is not one.
forest-aarch64:
	forest/tools/aarch64/test

# All kernels and the spool under AddressSanitizer, which sees a load or a store outside of what is
# allocated or mapped, and with the assertions of std, which see an unchecked index behind a slice.
# Stable Rust ships both.
sanitizer:
	RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address -Cdebug-assertions" \
	CARGO_PROFILE_RELEASE_DEBUG=line-tables-only CARGO_PROFILE_RELEASE_STRIP=none \
	cargo test --release --locked --package forest --package collector --lib --target-dir target/sanitizer \
		--target "$$(rustc -vV | sed -n 's/^host: //p')"

# Each decoder of untrusted bytes under libFuzzer, from the committed seeds, with the product's own versions of its crates.
# What is found goes to server/fuzz/artifacts.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := json binary grpc tables csv arrow
fuzz: $(TOOLS)/bin/cargo-fuzz
	cp Cargo.lock server/fuzz/Cargo.lock
	set -e; for target in $(FUZZ_TARGETS); do \
		mkdir -p target/fuzz-corpus/$$target; \
		RUSTC_BOOTSTRAP=1 PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" cargo fuzz run --fuzz-dir server/fuzz --sanitizer none \
			--target-dir target/fuzz $$target target/fuzz-corpus/$$target server/fuzz/corpus/$$target \
			-- -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1; \
	done

# Rows under a million requests, kills and outages: about twenty minutes. They print what they measure.
acceptance-long: built tools
	$(VENV)/bin/python -m pytest --rootdir acceptance --long -s acceptance/long acceptance/test_swap.py

# A thousand windows without drift, and what is seen of drift; fails over 1 % false alarms.
false-alarms:
	cargo run --release --locked --package drift --example false_alarms

# The committed example is what its script makes.
example: tools
	$(VENV)/bin/python examples/fraud/train.py --check

bench: build bench-models
	cargo bench --locked -p benches

# Two files of a million rows and 50 columns compared: seconds and memory, beside SciPy, Evidently and NannyML. Some ten minutes.
bench-drift: build tools
	$(VENV)/bin/python benches/drift/compare.py

# What the bench `peers` scores: models and rows that its script makes, and where the peers' libraries are.
bench-models: target/bench-models/.made

target/bench-models/.made: benches/peers/make_models.py $(VENV)/.installed
	$(VENV)/bin/python -W ignore $< $(@D)
	touch $@

# What the tests need beside Rust: Python packages in a virtual environment, each of PEERS in its own, Prometheus and Chromium
# from Debian, Azurite from npm.
PEERS := mlflow kserve evidently nannyml
tools: $(VENV)/.installed $(PEERS:%=$(TOOLS)/%/.installed) $(TOOLS)/usr/bin/promtool $(TOOLS)/bin/chromium \
	$(TOOLS)/azurite/.installed

$(VENV)/.installed: acceptance/requirements.txt examples/fraud/requirements.txt
	acceptance/tools/need $(PYTHON) "Python 3 with the venv module"
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --requirement acceptance/requirements.txt --requirement examples/fraud/requirements.txt
	touch $@

$(PEERS:%=$(TOOLS)/%/.installed): $(TOOLS)/%/.installed: acceptance/tools/%/requirements.txt
	acceptance/tools/need $(PYTHON) "Python 3 with the venv module"
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --requirement $<
	touch $@

$(TOOLS)/usr/bin/promtool:
	acceptance/tools/debian-package prometheus $(TOOLS)

$(TOOLS)/bin/chromium: acceptance/tools/chromium
	acceptance/tools/chromium $(TOOLS)

$(TOOLS)/azurite/.installed: acceptance/tools/azurite/package.json acceptance/tools/azurite/package-lock.json
	acceptance/tools/need node "Node.js 20 or later, for Azurite"
	acceptance/tools/need npm "npm, to fetch Azurite"
	mkdir -p $(@D)
	cp $^ $(@D)
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

$(TOOLS)/bin/cargo-deny:
	cargo install --locked --version 0.20.2 --root $(TOOLS) cargo-deny

$(TOOLS)/bin/cargo-fuzz:
	cargo install --locked --version 0.13.2 --root $(TOOLS) cargo-fuzz
