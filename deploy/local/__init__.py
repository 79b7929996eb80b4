"""Real servers on this machine, for ./run, the tests and the benchmarks. Knows no Django."""
