# The commands of this repository. `make help` lists them.
SHELL := /bin/bash
BUILD := .build/release
SEED ?= 1

.DEFAULT_GOAL := help
.PHONY: help run test bench simulate format bless setup build clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:
	@scripts/setup

build: setup
	@scripts/build

run: build ## build, run the example pipeline to its end, and show what to try next
	@scripts/run-example

test: setup ## set-up, build, every test (what continuous integration runs)
	@scripts/test

bench: build ## speed and memory as ratios against what a user would pick instead
	@scripts/bench

simulate: setup ## one simulated run from a seed: make simulate SEED=n (many: SEEDS=1000000)
	@SEED=$(SEED) scripts/simulate

format: ## lay the code out
	@swift format -i -r --configuration .swift-format Package.swift Sources Tests

bless: setup ## take what is made now as the golden files and generated pages
	@BLESS=1 swift test --filter 'WorkflowSchemaTests|EventFormatTests|TransitionCoverageTests'
	@scripts/error-pages

clean:
	@rm -rf .build
