"""How to divide the cores and the memory of a machine among processes and workers."""
