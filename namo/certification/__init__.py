"""How hard a scene is, measured with what collects in it."""
