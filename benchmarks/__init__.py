"""How fast the SDK is, each figure beside its limit: ``python -m benchmarks --help``."""
