"""`namo/Push-v0`: a scene as a Gymnasium environment. Importing this package registers it."""

import gymnasium

ENV_ID, ENTRY_POINT = "namo/Push-v0", "namo.gym.push_env:PushEnv"
MAX_STEPS = 50
"""Pushes after which an episode is truncated, unless `gymnasium.make` is told otherwise."""

if ENV_ID not in gymnasium.registry:
    gymnasium.register(ENV_ID, ENTRY_POINT, max_episode_steps=MAX_STEPS)
