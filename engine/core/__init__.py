"""What all packages stand on: arrays, errors, config fields, the YAML document, validation, files. Imports nothing."""
