"""What an account holds besides tables: users, roles, grants, warehouses, network policies."""

import dataclasses
import ipaddress


@dataclasses.dataclass
class User:
    name: str
    login_name: str
    public_keys: dict = dataclasses.field(default_factory=dict)
    roles: set = dataclasses.field(default_factory=lambda: {"PUBLIC"})
    default_role: str = "PUBLIC"
    default_warehouse: str | None = None
    default_namespace: str | None = None
    timezone: str | None = None
    network_policy: str | None = None
    disabled: bool = False

    @property
    def keys(self):
        return list(self.public_keys.values())


@dataclasses.dataclass
class Warehouse:
    name: str
    suspended: bool = False
    auto_resume: bool = True
    auto_suspend: int = 600
    size: str = "X-Small"
    #: Seconds that a resume takes.
    resume_delay: float = 0
    over_quota: bool = False


class Grants:
    """Privileges of roles, and roles granted to roles. ACCOUNTADMIN may do everything."""

    def __init__(self):
        self._privileges = set()
        self._roles = {}

    def grant(self, role, privilege, kind, name):
        self._privileges.add((role, privilege, kind, name))

    def revoke(self, role, privilege, kind, name):
        self._privileges.discard((role, privilege, kind, name))

    def grant_role(self, granted, to):
        self._roles.setdefault(to, set()).add(granted)

    def held_by(self, role):
        """The role, what it inherits, and PUBLIC."""
        found, waiting = set(), [role, "PUBLIC"]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._roles.get(name, ())
        return found

    def allows(self, role, privileges, kind, name):
        roles = self.held_by(role)
        if "ACCOUNTADMIN" in roles:
            return True
        return any((r, p, kind, name) in self._privileges for r in roles for p in (*privileges, "OWNERSHIP"))


class NetworkPolicies:
    def __init__(self):
        self.lists = {}

    def allows(self, name, address):
        """Whether the policy of that name lets an address in; without a policy all are."""
        allowed, blocked = self.lists.get(name, ((), ())) if name else ((), ())
        if any(ipaddress.ip_address(address) in ipaddress.ip_network(n, strict=False) for n in blocked):
            return False
        return not allowed or any(
            ipaddress.ip_address(address) in ipaddress.ip_network(n, strict=False) for n in allowed)
