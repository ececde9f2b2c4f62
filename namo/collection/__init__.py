"""The chunk loop: run episodes, write records, summarise."""
