"""What a call costs: beside the bare API call, and beside the incumbent, in one run.

This kind of machine is noisy, so figures are ratios of medians taken side by side, CPU time is
the process's own, and memory is what the kernel says. Nothing here asserts: `make bench` prints,
and writes what it measured, with every version, to ``benchmarks/results/``.
"""
