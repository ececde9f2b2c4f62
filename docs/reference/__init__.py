"""Reference sections generated from the code: Markdown from parsers, schemas, registries."""
