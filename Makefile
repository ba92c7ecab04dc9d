# SPDX-License-Identifier: Apache-2.0
# Short names; the work is in scripts/.
.PHONY: run test check bench docs simulate crash setup

run: ; @scripts/run
test: ; @scripts/test
check: ; @scripts/setup && scripts/check
bench: ; @scripts/bench
docs: ; @scripts/check-docs
# make simulate SEED=42 RUNS=20000: both go on in the environment.
simulate: ; @scripts/simulate
# make crash KILLS=1000: likewise.
crash: ; @scripts/crash
setup: ; @scripts/setup
