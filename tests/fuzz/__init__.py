"""Coverage-guided fuzzing of the parsers (atheris, libFuzzer)."""
