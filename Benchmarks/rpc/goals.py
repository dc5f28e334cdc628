"""What the figures are to reach: case, kind, peer, goal, and what would be better still.

times: a core of our server does at least so many times what a core of the peer's does.
cost: our CPU a call is at most so many times the peer's.
rate: a core's messages a second, at least.
memory: MiB at the peak, at most.
"""

GOALS = [
    ("echo-8x10", "times", "grpc-swift", 20, 25),
    ("echo-8x10", "times", "grpc-cpp", 3, 4),
    ("echo-8x10", "times", "nghttpd", 0.9, 1),
    ("echo-8x10", "cost", "floor", 1.5, None),
    ("echo-32x100", "times", "grpc-swift", 20, 25),
    ("echo-32x100", "times", "grpc-cpp", 3, 4),
    ("echo-32x100", "times", "nghttpd", 0.9, 1),
    ("echo-32x100", "cost", "floor", 1.5, None),
    ("echo-32x100", "memory", None, 32, None),
    ("down", "rate", None, 1_000_000, None),
    ("down", "times", "grpc-swift", 10, None),
    ("down", "times", "grpc-cpp", 10, None),
    ("down-tls", "rate", None, 500_000, None),
    ("up", "rate", None, 1_000_000, None),
    ("up", "times", "grpc-swift", 10, None),
    ("up", "times", "grpc-cpp", 10, None),
    ("up-tls", "rate", None, 500_000, None),
    ("echo-64k", "times", "grpc-swift", 8, None),
    ("echo-64k", "times", "grpc-cpp", 1.5, None),
    ("echo-64k", "times", "nghttpd", 0.8, None),
    ("echo-64k-tls", "times", "grpc-swift", 2.5, None),
    ("echo-64k-tls", "times", "grpc-cpp", 1.1, None),
    ("echo-64k-tls", "times", "nghttpd", 0.55, None),
]
