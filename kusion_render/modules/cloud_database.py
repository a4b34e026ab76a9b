"""Databases of clouds, as Kusion has them made: by Terraform's providers of AWS and Alibaba Cloud.

Attributes and versions are those of Kusion's modules `mysql` and `postgres`. An app finds its database by a Secret whose
values an engine fills in.
"""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.modules.cloud import account_name, preview_name, region
from kusion_render.text import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.generator import GeneratorRequest
    from kusion_render.model import CloudResource
    from kusion_render.modules.database import Engine

BAD_ADDRESS: Final = Rule("KR355", "bad-address")
NO_PUBLIC_ADDRESS: Final = Rule("KR356", "no-public-address", "warning")

_RANDOM: Final = "registry.terraform.io/hashicorp/random/3.6.0"
_AWS: Final = "registry.terraform.io/hashicorp/aws/5.0.1"
_ALICLOUD: Final = "registry.terraform.io/aliyun/alicloud/1.209.1"

_ANYBODY: Final = ("0.0.0.0/0",)
_PRIVATE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
_SERVERLESS: Final = {
    "db_instance_storage_type": "cloud_essd",
    "instance_charge_type": "Serverless",
    "serverless_config": [{"auto_pause": False, "switch_force": False, "max_capacity": 8, "min_capacity": 1}],
}


class CloudDatabase:
    """One database of a cloud: its names, its user, its region, and who may reach it.

    `name` is the database's, `secret` that of its Secret, which names its password and its security group, too.
    """

    __slots__ = ("addresses", "engine", "name", "public", "region", "request", "secret", "size", "username")

    def __init__(
        self,
        engine: Engine,
        request: GeneratorRequest,
        names: tuple[str, str],
        username: str,
        size: int,
        region: str,
        addresses: Sequence[str],
        *,
        public: bool,
    ) -> None:
        self.engine: Final = engine
        self.request: Final = request
        self.name, self.secret = names
        self.username: Final = username
        self.size: Final = size
        self.region: Final = region
        self.addresses: Final = addresses
        self.public: Final = public

    def resource(self, provider: str, type: str, name: str, attributes: dict[str, Any]) -> CloudResource:  # noqa: A002 - Terraform's word
        """Return a resource of this database's cloud."""
        return self.request.cloud_resource(provider, type, name, attributes, {"region": self.region})


def make(
    engine: Engine,
    request: GeneratorRequest,
    names: tuple[str, str],
    username: str,
    size: int,
    diagnostics: Diagnostics,
) -> tuple[list[CloudResource], dict[str, str]]:
    """Return the resources of a database called `names[0]` with a Secret `names[1]`, and the values of that Secret.

    No region is KR309, an address that is none KR355; a public address that nothing is made for is KR356, a warning.
    """
    config = request.config
    cloud = str(config["cloud"])
    where = region(request, cloud, Place((*request.place, "type")), diagnostics)
    addresses = [*config.get("securityIPs", _ANYBODY)]
    public = _is_public(request, addresses, diagnostics)
    database = CloudDatabase(engine, request, _named(request, names), username, size, where, addresses, public=public)
    password = request.cloud_resource(
        _RANDOM, "random_password", database.secret, {"length": 16, "special": True, "override_special": "_"}
    )
    secret = password.reference("result")
    made, host = _aws(database, secret) if cloud == "aws" else _alicloud(database, secret, diagnostics)
    return [password, *made], {"hostAddress": host, "username": username, "password": secret}


def _named(request: GeneratorRequest, names: tuple[str, str]) -> tuple[str, str]:
    named = preview_name if request.config.get("databaseName") else account_name
    return named(request, names[0]), named(request, names[1])


def _is_public(request: GeneratorRequest, addresses: Sequence[str], diagnostics: Diagnostics) -> bool:
    """Tell whether anybody outside of private networks may come in; what is no address is reported."""
    from ipaddress import ip_network

    private = [ip_network(each) for each in _PRIVATE]
    public = False
    for number, address in enumerate(addresses):
        try:
            network = ip_network(_prefixed(address), strict=False)
        except ValueError:
            diagnostics.report(
                BAD_ADDRESS,
                f"`{address}` is neither an IP address nor a range of them",
                Place((*request.place, "securityIPs", number)),
                help="write an address such as `10.1.2.3`, or a range such as `10.0.0.0/8`",
            )
            continue
        public = public or not any(
            network.version == each.version and network.subnet_of(each)  # type: ignore[arg-type]  # of one version
            for each in private
        )
    return public


def _prefixed(address: str) -> str:
    """Return an address or a range if it is none of the forms that Python takes and clouds do not.

    Raises:
        ValueError: for a zone, or a mask that is no length.
    """
    if "%" in address or not address.partition("/")[2].strip("0123456789") == "":
        raise ValueError(address)
    return address


def _aws(database: CloudDatabase, password: str) -> tuple[list[CloudResource], str]:
    config, port = database.request.config, database.engine.port
    group = database.resource(
        _AWS,
        "aws_security_group",
        database.secret,
        {"egress": [_rule(_ANYBODY, "-1", 0)], "ingress": [_rule(database.addresses, "tcp", port)]},
    )
    attributes = {
        "allocated_storage": database.size,
        "engine": database.engine.name,
        "engine_version": text(config["version"]),
        "identifier": database.name,
        "instance_class": config["instanceType"],
        "password": password,
        "publicly_accessible": database.public,
        "skip_final_snapshot": True,
        "username": database.username,
        "vpc_security_group_ids": [group.reference("id")],
    }
    if config.get("subnetID"):
        attributes["db_subnet_group_name"] = config["subnetID"]
    instance = database.resource(_AWS, "aws_db_instance", database.name, attributes)
    return [group, instance], instance.reference("address")


def _rule(addresses: Sequence[str], protocol: str, port: int) -> dict[str, Any]:
    """Return a block of a security group, of which the provider wants all keys; a single address is a range of one."""
    newer = [address for address in addresses if ":" in address]
    older = [address for address in addresses if ":" not in address]
    return {
        "cidr_blocks": [address if "/" in address else f"{address}/32" for address in older],
        "description": "",
        "from_port": port,
        "ipv6_cidr_blocks": [address if "/" in address else f"{address}/128" for address in newer],
        "prefix_list_ids": [],
        "protocol": protocol,
        "security_groups": [],
        "self": False,
        "to_port": port,
    }


def _alicloud(database: CloudDatabase, password: str, diagnostics: Diagnostics) -> tuple[list[CloudResource], str]:
    config = database.request.config
    instance = database.resource(_ALICLOUD, "alicloud_db_instance", database.name, _alicloud_instance(database))
    made = [instance]
    host = instance
    if database.public:
        attributes: dict[str, Any] = {"instance_id": instance.reference("id")}
        if database.engine.name == "postgres":
            attributes["port"] = database.engine.port
        connection = database.resource(_ALICLOUD, "alicloud_db_connection", database.name, attributes)
        made.append(connection)
        host = connection if config.get("privateRouting") is False else instance
    elif config.get("privateRouting") is False:
        # Kusion refers to a connection that it does not make (its quirk Q9).
        diagnostics.report(
            NO_PUBLIC_ADDRESS,
            "the database has no public address, so the app is given its private one",
            Place((*database.request.place, "privateRouting")),
            help="leave out `privateRouting: false`, or let a public address in with `securityIPs`",
        )
    account = {
        "account_name": database.username,
        "account_password": password,
        "account_type": "Super",
        "db_instance_id": instance.reference("id"),
    }
    made.append(database.resource(_ALICLOUD, "alicloud_rds_account", database.name, account))
    return made, host.reference("connection_string")


def _alicloud_instance(database: CloudDatabase) -> dict[str, Any]:
    config = database.request.config
    category = str(config.get("category") or "Basic")
    return {
        "category": category,
        "engine": database.engine.title,
        "engine_version": text(config["version"]),
        "instance_name": database.name,
        "instance_storage": database.size,
        "instance_type": config["instanceType"],
        "security_ips": [*database.addresses],
        "vswitch_id": config.get("subnetID") or "",
        **(_SERVERLESS if "serverless" in category else {}),
    }
