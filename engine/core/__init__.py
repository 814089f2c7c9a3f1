"""What every room stands on: arrays, errors, config fields, the YAML document, validation, files. Imports nothing."""
