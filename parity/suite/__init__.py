"""The suite as tests that come with the package: ``pytest --pyargs parity --candidate my.module``."""
