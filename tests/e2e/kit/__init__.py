"""What the end-to-end tests share: films, the product in and out of process, players, and foreign parts of a swarm.

Rules: nothing waits without an end, no port is fixed, and whatever is started is ended by its ``async with``.
"""
