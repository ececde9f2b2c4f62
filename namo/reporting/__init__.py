"""The report page of a collection, and images and videos of plans."""
