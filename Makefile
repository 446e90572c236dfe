# The commands of this repository. `make help` lists them.
SHELL := /bin/bash
BUILD := .build/release
PREFIX ?= $(HOME)/.local

.DEFAULT_GOAL := help
.PHONY: help install run test test-kubernetes bench chaos simulate format bless setup build clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:
	@scripts/setup

build: setup
	@scripts/build

install: build ## build, and put the program into PREFIX/bin (default ~/.local)
	@install -D -m 755 $(BUILD)/martlet $(PREFIX)/bin/martlet && echo "Installed $(PREFIX)/bin/martlet; see that $(PREFIX)/bin is on your PATH."

run: build ## build, run the example pipeline to its end, and show what to try next
	@scripts/run-example

test: setup ## set-up, build, every test (what continuous integration runs)
	@scripts/test

test-kubernetes: setup ## jobs in a real cluster of two nodes, which is built once (10 minutes), started, and stopped
	@scripts/test-kubernetes

bench: build ## speed and memory as ratios against what a user would pick instead
	@scripts/bench
	@scripts/bench-server

chaos: setup ## kill -9 of a server and its runners, 200 times under load (KILLS=n, SEED=n for the same story)
	@scripts/chaos

simulate: setup ## a simulated world from a seed: make simulate SEED=n (many: SEEDS=100000; one run: OF=run)
	@SEED=$(or $(SEED),1) scripts/simulate

format: ## lay the code out
	@swift format -i -r --configuration .swift-format Package.swift Sources Tests

bless: setup ## take what is made now as the golden files and generated pages
	@BLESS=1 swift test --filter 'WorkflowSchemaTests|EventFormatTests|TransitionCoverageTests|TerminalGoldens'
	@scripts/error-pages

clean:
	@rm -rf .build
