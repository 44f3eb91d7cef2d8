"""Question sets, measures, fits and benchmarks. Imports the product; the product never imports this."""
