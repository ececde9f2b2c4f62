"""A finished collection in the formats that others read."""
