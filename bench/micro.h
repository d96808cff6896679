/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the microbenchmarks share: a clock of thread CPU time, a fixed sequence of random numbers,
 * and a record of figures, printed as a table or as JSON. They measure and never judge.
 *
 * Several sides do the same work, in turn, in one process: what disturbs the machine disturbs all
 * of them. The first round warms up and is not recorded.
 */
#ifndef KHO_BENCH_MICRO_H
#define KHO_BENCH_MICRO_H

#include "core/bits.h"

enum { BENCH_ROUNDS = 7 };

/**
 * struct bench_side - one of those that do the same work
 * @name: in the tables
 * @run: does the work once and records what it took; NULL = does not take part
 */
struct bench_side {
	const char *name;
	void (*run)(void);
};

enum { BENCH_MAX_SIDES = 4 };

/**
 * struct bench_case - a workload
 * @name: for programs
 * @text: for people
 * @fill: makes the workload, untimed, once
 * @side: who does it; ends with an empty one
 */
struct bench_case {
	const char *name;
	const char *text;
	void (*fill)(void);
	struct bench_side side[BENCH_MAX_SIDES];
};

/* Prints a message and exits. */
__attribute__((noreturn)) void bench_die(const char *what);

/* CPU time of this thread in nanoseconds. */
u64 bench_now_ns(void);

/* The next number of a fixed sequence; @seed is its state. */
u64 bench_random(u64 *seed);

/* Records a figure of the side that runs: @what in @unit, "ns" or "KiB". */
void bench_record(const char *what, const char *unit, double value);

/* Keeps a result from being optimised away. */
void bench_use(u64 value);

/* Runs all cases; @argv may have --json, or names of cases. Return: exit status. */
int bench_main(const char *program, const struct bench_case *cases,
	       unsigned int nr_cases, int argc, char **argv);

#endif /* KHO_BENCH_MICRO_H */
