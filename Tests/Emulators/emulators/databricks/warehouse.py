"""A SQL warehouse: stopped, starting, running; its start takes time on the workspace's clock, and may fail."""


class Warehouse:
    def __init__(self, clock, number, options):
        self.clock = clock
        self.id = number
        self.name = options.get("name", "cdi")
        #: Seconds from the request to start until it runs.
        self.start_seconds = options.get("start_seconds", 180)
        #: Seconds for which a warehouse that was asked to start still says STOPPED.
        self.lag = options.get("lag", 0)
        #: Why a start fails, or None.
        self.failure = options.get("failure")
        self._state = options.get("state", "RUNNING")
        self._asked_at = None
        self.starts = 0

    def change(self, options):
        for name in ("start_seconds", "lag", "failure", "name"):
            if name in options:
                setattr(self, name, options[name])
        if "state" in options:
            self._state, self._asked_at = options["state"], None

    @property
    def state(self):
        self._settle()
        if self._state == "STARTING" and self.clock.seconds - self._asked_at < self.lag:
            return "STOPPED"
        return self._state

    def _settle(self):
        if self._state == "STARTING" and self.clock.seconds - self._asked_at >= self.start_seconds:
            self._state = "STOPPED" if self.failure else "RUNNING"
            self._failed = bool(self.failure)

    @property
    def is_running(self):
        self._settle()
        return self._state == "RUNNING"

    @property
    def is_gone(self):
        return self._state in ("DELETED", "DELETING")

    def start(self):
        self._settle()
        if self._state in ("STOPPED", "STOPPING"):
            self._state, self._asked_at = "STARTING", self.clock.seconds
            self._failed = False
            self.starts += 1

    def stop(self):
        self._state, self._asked_at = "STOPPED", None

    def described(self):
        state = self.state
        health = {"status": "HEALTHY"}
        if getattr(self, "_failed", False) and state == "STOPPED":
            health = {
                "status": "FAILED", "summary": "The warehouse failed to start.", "message": self.failure,
                "failure_reason": {"code": "CLOUD_PROVIDER_LAUNCH_FAILURE", "type": "CLOUD_FAILURE",
                                   "parameters": {"databricks_error_message": self.failure}}}
        return {
            "id": self.id, "name": self.name, "state": state, "cluster_size": "2X-Small", "num_clusters": 1,
            "auto_stop_mins": 10, "enable_serverless_compute": False, "warehouse_type": "PRO", "health": health}
