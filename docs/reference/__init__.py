"""Parts of the documentation made from the code: Markdown from parsers, schemas, registries."""
