"""How a collection is made: chunks, environments and episodes, their journal and progress."""
