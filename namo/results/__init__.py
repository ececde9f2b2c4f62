"""What a collection is on disk: tables, records and parts; merged, opened, replayed, verified."""
