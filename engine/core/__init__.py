"""What all packages stand on: arrays, errors, config fields, YAML, validation, files, caches. Imports nothing."""
