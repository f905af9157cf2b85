"""The bed: everything that runs, started together, stopped together."""

from __future__ import annotations

import contextlib
import datetime
import http.client
import os
import re
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from testbed import apply, build, commands, crds, files, kubeconfig, nodes, pki
from testbed import scenario as scenarios
from testbed.audit import Audit
from testbed.client import Client
from testbed.errors import BedError, PortInUse, Unavailable
from testbed.fakes.control import KubeletControl
from testbed.fakes.server import METRICS_IP, Config
from testbed.filler import Filled, Size
from testbed.filler import fill as fill_cluster
from testbed.metrics_service import metrics_objects
from testbed.objects import fill, load
from testbed.oidc import Issuer
from testbed.ports import free_ports
from testbed.process import Component
from testbed.workdir import WorkDir

ComponentName = Literal["etcd", "kube-apiserver", "kube-controller-manager", "fakes"]
Obj = dict[str, Any]

#: A cold start on a busy machine; with a warm cache it takes a third of it.
START_TIMEOUT_S = 90
#: The API server's own user in the audit log when the bed asks for something.
ADMIN = "testbed-admin"

START_ATTEMPTS = 5
#: A path of a socket file may have 107 characters, and the bed's names take 20.
LONGEST_FOLDER = 80


@dataclass(frozen=True, slots=True)
class Applied:
    """A scenario in a cluster."""

    scenario: scenarios.Scenario
    namespace: str
    objects: tuple[Obj, ...]
    expect: scenarios.Expectation
    now: datetime.datetime


class Bed:
    """A running control plane. Make one with ``Bed.start``."""

    def __init__(
        self,
        binaries: build.Binaries,
        controllers: commands.Controllers,
        *,
        workdir: WorkDir,
        ports: commands.Ports,
    ) -> None:
        self._binaries = binaries
        self._work = workdir
        self._ports = ports
        self.controllers: commands.Controllers = controllers
        self._components: dict[str, Component] = {}
        self._made_kubeconfigs = 0
        self._clients: list[Client] = []
        self._settled = 0
        self._borrowed = 0
        self._trusted: list[files.TrustedIssuer] = []
        # The authorities come first, everything that is signed by one after them.
        certs = workdir.folder("pki")
        self._ca = pki.Authority(certs, "ca")
        self._front_proxy_ca = pki.Authority(certs, "front-proxy-ca")
        self.issuer = Issuer(pki.Authority(certs, "issuer-ca"))
        self.server = f"https://127.0.0.1:{self._ports.apiserver}"
        self.ca_file = self._ca.file
        self.admin = Client(
            self.server,
            self.ca_file,
            client=self._ca.client(ADMIN, groups=["system:masters"]),
        )
        #: The administrator's kubeconfig.
        self.kubeconfig_file = self.kubeconfig(user=ADMIN, groups=["system:masters"])
        self.audit = Audit(workdir.path / "audit.log", self._settle_audit)
        self.kubelet = KubeletControl(workdir.path / "control.sock")

    @classmethod
    def start(
        cls,
        *,
        controllers: commands.Controllers = "all",
        node_count: int = 3,
        apiserver_flags: Sequence[str] = (),
        binaries: build.Binaries | None = None,
        find_ports: Callable[[int], list[int]] = free_ports,
    ) -> Bed:
        """A ready bed with that many nodes.

        ``controllers``: ``all`` (Deployments make pods, quotas are counted), ``still`` (only the
        plumbing: every status stays as it is written), ``none``.
        A port that somebody else took in the meantime is no error: it starts again with others.
        Raises ``Unavailable`` where no control plane can run, ``ComponentExited`` with a program's
        last lines when one ends.
        """
        found = binaries or build.find()
        if found.kube_controller_manager is None and controllers != "none":
            print(f"{found.without_controllers} The bed runs without one.", file=sys.stderr)
            controllers = "none"
        for attempt in range(1, START_ATTEMPTS + 1):
            bed = cls(
                found,
                controllers,
                workdir=_workdir(),
                ports=commands.Ports(*find_ports(3)),
            )
            try:
                bed._start(node_count, apiserver_flags)
            except PortInUse:
                bed.stop()
                if attempt == START_ATTEMPTS:
                    raise
            except BaseException:
                bed.stop()
                raise
            else:
                return bed
        raise AssertionError("unreachable")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends every program and deletes the folder. A second call does nothing."""
        # The API server first: without it nothing else can be asked for while it ends.
        for name in ("kube-apiserver", "kube-controller-manager", "fakes", "etcd"):
            if component := self._components.get(name):
                component.kill()
        for client in (self.admin, *self._clients):
            client.close()
        self.issuer.stop()
        self._work.remove()

    # What runs

    @property
    def folder(self) -> Path:
        """Logs, certificates and kubeconfigs, while the bed is up."""
        return self._work.path

    @property
    def version(self) -> str:
        """The API server's version, for example ``v1.37.2``."""
        return str(self.admin.get("/version")["gitVersion"])

    @property
    def pids(self) -> dict[str, int]:
        """Of the programs that run."""
        return {name: c.pid for name, c in self._components.items() if c.running and c.pid}

    def kill(self, name: ComponentName) -> None:
        """SIGKILL, as a crash; its port and data stay for ``restart``."""
        self._component(name).kill()

    def restart(self, name: ComponentName) -> None:
        """Starts a program again on the same port with the same data, and waits until it works."""
        component = self._component(name)
        component.kill()
        if name == "fakes":
            self._remove_sockets()
        component.start()
        self._wait(name)

    def set_controllers(self, controllers: commands.Controllers) -> None:
        """Changes what the controller manager does; takes about two seconds if it is a change."""
        if controllers == self.controllers:
            return
        if controllers != "none" and self._binaries.kube_controller_manager is None:
            raise Unavailable(self._binaries.without_controllers)
        if old := self._components.pop("kube-controller-manager", None):
            old.kill()
        self.controllers = controllers
        if controllers != "none":
            self._start_controller_manager()
            self._wait("kube-controller-manager")

    # Who asks

    def token(self, namespace: str, serviceaccount: str, *, expires_s: int = 3600) -> str:
        """A token of a ServiceAccount by TokenRequest; at least 600 s, as the API demands."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{serviceaccount}/token"
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": expires_s},
        }
        return str(self.admin.create(path, request)["status"]["token"])

    def kubeconfig(
        self,
        *,
        user: str = ADMIN,
        groups: Sequence[str] = (),
        token: str | None = None,
        namespace: str = "default",
    ) -> Path:
        """A new file: with the token, or else with a client certificate for user and groups."""
        self._made_kubeconfigs += 1
        return kubeconfig.write(
            self.folder / f"kubeconfig-{self._made_kubeconfigs}.yaml",
            server=self.server,
            ca=self._ca.pem,
            user=user,
            token=token,
            client=None if token else self._ca.client(user, groups=groups),
            namespace=namespace,
        )

    def client(
        self, *, user: str = "", groups: Sequence[str] = (), token: str | None = None
    ) -> Client:
        """A small client as somebody else: by token, or with a certificate for user and groups.
        The bed closes it at its end."""
        certificate = self._ca.client(user, groups=groups) if user else None
        made = Client(self.server, self.ca_file, client=certificate, token=token)
        self._clients.append(made)
        return made

    def certificate(self, user: str, *, groups: Sequence[str] = ()) -> pki.KeyPair:
        """A client certificate's files."""
        return self._ca.client(user, groups=groups)

    def trust(self, issuer: files.TrustedIssuer) -> None:
        """Also takes this issuer's tokens. The API server rereads its configuration by itself,
        which takes up to a minute; this restarts it instead."""
        self._trusted.append(issuer)
        self._write_authentication()
        self.restart("kube-apiserver")

    # What is in it

    def create_namespace(self, name: str, *, labels: Mapping[str, str] | None = None) -> str:
        """Ready for pods, with its default ServiceAccount."""
        namespace = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": dict(labels or {})},
        }
        apply.apply_object(self.admin, namespace, namespace="")
        return name

    def delete_namespace(self, name: str, *, wait: bool = False, timeout_s: float = 30) -> None:
        """With everything in it; pods at once, because no kubelet will ever confirm their end.

        The namespace controller waits five seconds before it starts, so a test that does not care
        does not wait. Without controllers a namespace never ends, and only its pods go.
        """
        self.admin.delete(f"/api/v1/namespaces/{name}")
        self.admin.delete(f"/api/v1/namespaces/{name}/pods", grace_s=0)
        with contextlib.suppress(OSError):
            self.kubelet.drop(name)
        if wait and self.controllers != "none":
            self.wait_for(
                lambda: self.admin.request("GET", f"/api/v1/namespaces/{name}").status == 404,
                what=f"the end of namespace {name}",
                timeout_s=timeout_s,
            )

    def apply(
        self, what: str | Path | Iterable[Mapping[str, Any]], *, namespace: str = "default"
    ) -> list[Obj]:
        """Objects from a file, from YAML text with placeholders, or as they are; statuses too."""
        if isinstance(what, (str, Path)):
            text = what.read_text() if isinstance(what, Path) else what
            now = datetime.datetime.now(datetime.UTC)
            what = load(fill(text, now=now, values={"namespace": namespace}))
        return apply.apply_objects(self.admin, what, namespace=namespace)

    def apply_scenario(self, name: str, *, namespace: str | None = None) -> Applied:
        """Puts a scenario into a namespace of its own, by default named as the scenario.

        Statuses must stay as written, so the controllers become ``still`` if they were ``all``.
        Where an object is refused, what came before it is taken out again.
        """
        found = scenarios.find(name)
        target = namespace or found.name
        if self.controllers == "all":
            self.set_controllers("still")
        now = datetime.datetime.now(datetime.UTC)
        self.create_namespace(target, labels={"testbed.kube-mcp/scenario": found.name})
        objects = found.objects(target, now=now)
        self._install_missing_crds(objects)
        self.kubelet.put(target, found.kubelet(target, now=now))
        try:
            stored = apply.apply_objects(self.admin, objects, namespace=target)
        except BedError:
            self._remove(objects, namespace=target)
            raise
        # Again: which nodes are unreachable could not be known before they existed.
        self.kubelet.put(target, found.kubelet(target, now=now))
        if self.controllers != "none":
            self._wait_for_endpoints(stored)
        return Applied(found, target, tuple(stored), found.expect(target), now)

    def remove_scenario(self, applied: Applied, *, wait: bool = False) -> None:
        """Its namespaces and what it has outside of them; CRDs stay."""
        self._remove(applied.objects, namespace=applied.namespace, wait=wait)

    def _remove(self, objects: Sequence[Obj], *, namespace: str, wait: bool = False) -> None:
        own = {namespace, *(o["metadata"]["name"] for o in objects if o["kind"] == "Namespace")}
        for obj in reversed(objects):
            try:
                kind = self.admin.kind(obj["apiVersion"], obj["kind"])
            except BedError:
                continue  # a kind that is not served has no objects
            goes_anyway = kind.namespaced and obj["metadata"].get("namespace", namespace) in own
            if goes_anyway or kind.kind == "CustomResourceDefinition":
                continue
            if kind.kind == "Namespace":
                self.delete_namespace(obj["metadata"]["name"], wait=wait)
            else:
                self.admin.delete(self.admin.path_of(obj), grace_s=0)
        self.delete_namespace(namespace, wait=wait)

    @contextlib.contextmanager
    def scenario(self, name: str, *, namespace: str | None = None) -> Iterator[Applied]:
        """``apply_scenario`` for the length of a with block, by default in a namespace that was
        never used before: one that was takes seconds to end."""
        self._borrowed += 1
        target = namespace or f"{Path(name).name}-{self._borrowed}"
        applied = self.apply_scenario(name, namespace=target)
        try:
            yield applied
        finally:
            self.remove_scenario(applied)

    def wait_for(self, condition: Callable[[], bool], *, what: str, timeout_s: float = 30) -> None:
        """Asks again until it is true. Raises ``BedError`` naming what did not come."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                raise BedError(f"Waited {timeout_s:g} s in vain for {what}.")
            time.sleep(0.03)

    def install_crds(self, source: Literal["own", "real"] = "own") -> list[str]:
        """The bed's small CRDs, or the projects' real ones from ``KUBE_MCP_CRDS``. Their names.

        The same kinds either way, so the later call wins. Raises ``Unavailable`` when the real
        ones are not there.
        """
        found = crds.own() if source == "own" else crds.real()
        return [obj["metadata"]["name"] for obj in self.apply(found)]

    def add_nodes(self, names: Iterable[str]) -> list[str]:
        """More ready nodes with fake kubelets."""
        version = self.version
        added = []
        for name in names:
            number = re.search(r"(\d+)$", name)
            address = nodes.address_at(int(number[1])) if number else nodes.address_of(name)
            now = datetime.datetime.now(datetime.UTC)
            machine = nodes.node(name, address=address, version=version, now=now)
            apply.apply_object(self.admin, machine, namespace="")
            apply.apply_object(self.admin, nodes.lease(name, now=now), namespace="")
            added.append(name)
        return added

    def fill(self, size: Size, *, progress: Callable[[str], None] = lambda _: None) -> Filled:
        """A cluster's worth of workloads (see ``testbed.filler``). Controllers become ``still``.

        Also from a test with an event loop: it has one of its own, in a thread.
        """
        if self.controllers == "all":
            self.set_controllers("still")
        filled: Future[Filled] = Future()
        credentials = self.certificate("testbed-filler", groups=["system:masters"])
        version = self.version

        def run() -> None:
            try:
                made = fill_cluster(
                    self.server,
                    self.ca_file,
                    credentials,
                    size,
                    version=version,
                    progress=progress,
                )
                filled.set_result(made)
            except BaseException as error:
                filled.set_exception(error)

        thread = threading.Thread(target=run, name="testbed-filler")
        thread.start()
        try:
            return filled.result()
        finally:
            thread.join()

    # How it starts

    def _start(self, node_count: int, apiserver_flags: Sequence[str]) -> None:
        env = commands.environment(os.environ)
        self._trusted = [self.issuer.trusted()]
        self._write_authentication()
        etcd = commands.etcd(self._binaries, self._ports, data=self.folder / "etcd")
        self._add("etcd", etcd, env)
        self._add("kube-apiserver", self._apiserver_command(apiserver_flags), env)
        self._add("fakes", [sys.executable, "-m", "testbed.fakes", self._fakes_config()], _python())
        for component in self._components.values():
            component.start()
        for name in ("etcd", "kube-apiserver"):
            self._wait(name)
        if self.controllers != "none":
            self._start_controller_manager()
        self._wait("fakes")
        self.add_nodes(f"node-{number}" for number in range(1, node_count + 1))
        apply.apply_objects(self.admin, metrics_objects(self._ca.pem, METRICS_IP))
        if self.controllers != "none":
            self._wait("kube-controller-manager")
        self._wait_for_metrics()

    def _add(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        log = self.folder / f"{name}.log"
        self._components[name] = Component(name, command, log=log, env=env)

    def _component(self, name: str) -> Component:
        if name not in self._components:
            known = ", ".join(self._components)
            raise BedError(f"No '{name}' runs in this bed; there is {known}.")
        return self._components[name]

    def _apiserver_command(self, extra: Sequence[str]) -> list[str]:
        certs = self._work.folder("pki")
        return commands.kube_apiserver(
            self._binaries,
            self._ports,
            commands.ApiServerFiles(
                serving=self._ca.server("kube-apiserver", hosts=["127.0.0.1", "localhost"]),
                client_ca=self._ca.file,
                front_proxy_ca=self._front_proxy_ca.file,
                front_proxy=self._front_proxy_ca.client("front-proxy-client"),
                kubelet_client=self._ca.client("kube-apiserver-kubelet-client"),
                service_accounts=pki.signing_pair(certs, "service-accounts"),
                audit_policy=files.write(self.folder / "audit-policy.json", files.AUDIT_POLICY),
                audit_log=self.audit.log,
                authentication=self.folder / "authentication.json",
                egress=files.write(
                    self.folder / "egress.json", files.egress(self.folder / "egress.sock")
                ),
            ),
            extra=extra,
        )

    def _start_controller_manager(self) -> None:
        binary = self._binaries.kube_controller_manager
        assert binary is not None
        user = "system:kube-controller-manager"
        command = commands.kube_controller_manager(
            binary,
            self.controllers,
            kubeconfig=self.kubeconfig(user=user, groups=["system:masters"]),
            ca=self.ca_file,
            service_accounts=pki.KeyPair(
                self.folder / "pki" / "service-accounts.pub",
                self.folder / "pki" / "service-accounts.key",
            ),
        )
        self._add("kube-controller-manager", command, commands.environment(os.environ))
        self._components["kube-controller-manager"].start()

    def _fakes_config(self) -> str:
        client = self._ca.client("testbed-kubelet", groups=["system:masters"])
        kubelet = self._ca.server("kubelet", hosts=["localhost"])
        metrics = self._ca.server("metrics", hosts=["metrics-server.kube-system.svc"])
        sockets = {name: str(self.folder / f"{name}.sock") for name in _SOCKETS}
        config = Config(
            server=self.server,
            ca=str(self.ca_file),
            client_cert=str(client.cert),
            client_key=str(client.key),
            kubelet_cert=str(kubelet.cert),
            kubelet_key=str(kubelet.key),
            metrics_cert=str(metrics.cert),
            metrics_key=str(metrics.key),
            front_proxy_ca=str(self._front_proxy_ca.file),
            control_socket=sockets["control"],
            egress_socket=sockets["egress"],
            kubelet_socket=sockets["kubelet"],
            metrics_socket=sockets["metrics"],
        )
        return str(files.write(self.folder / "fakes.json", config.dump()))

    def _remove_sockets(self) -> None:
        for name in _SOCKETS:
            (self.folder / f"{name}.sock").unlink(missing_ok=True)

    def _write_authentication(self) -> None:
        files.write(self.folder / "authentication.json", files.authentication(self._trusted))

    def _install_missing_crds(self, objects: Sequence[Obj]) -> None:
        own = {(c["spec"]["group"], c["spec"]["names"]["kind"]): c for c in crds.own()}
        wanted = {(obj["apiVersion"].split("/")[0], obj["kind"]) for obj in objects}
        for key in sorted(wanted & own.keys()):
            if self.admin.find(own[key]).status == 404:
                apply.apply_object(self.admin, own[key], namespace="")

    def _wait_for_endpoints(self, stored: Sequence[Obj]) -> None:
        """Until the slices hold the pods: the one thing that is not written, but made, a moment
        later."""
        for namespace, name, wanted in _endpoints_to_come(stored):
            path = (
                f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
                f"?labelSelector=kubernetes.io/service-name={name}"
            )

            def complete(path: str = path, wanted: frozenset[str] = wanted) -> bool:
                slices = self.admin.get(path)["items"]
                there = {
                    address
                    for each in slices
                    for endpoint in each.get("endpoints") or ()
                    for address in endpoint["addresses"]
                }
                return wanted <= there

            self.wait_for(complete, what=f"the endpoints of Service {namespace}/{name}")

    # How it is known to work

    def _wait(self, name: str) -> None:
        checks = {
            "etcd": self._etcd_is_healthy,
            "kube-apiserver": self._apiserver_is_ready,
            "kube-controller-manager": self._controllers_work,
            "fakes": self.kubelet.alive,
        }
        self._component(name).wait_until(checks[name], timeout_s=START_TIMEOUT_S)

    def _etcd_is_healthy(self) -> bool:
        url = f"http://127.0.0.1:{self._ports.etcd}/health"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(url, timeout=2) as answer:
                return b'"true"' in answer.read()
        except OSError:
            return False

    def _apiserver_is_ready(self) -> bool:
        for name in ("etcd", "fakes"):
            if not self._component(name).running:
                raise self._component(name).exited()
        try:
            return self.admin.request("GET", "/readyz", timeout_s=5).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def _controllers_work(self) -> bool:
        """The last things that a fresh controller manager does: `view` gets its rules, and every
        namespace its ServiceAccount."""
        role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/view"
        if not self.admin.get(role).get("rules"):
            return False
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        return self.admin.request("GET", account).status == 200

    def _wait_for_metrics(self) -> None:
        path = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io"

        def available() -> bool:
            conditions = self.admin.get(path).get("status", {}).get("conditions", ())
            return any(c["type"] == "Available" and c["status"] == "True" for c in conditions)

        self._component("fakes").wait_until(available, timeout_s=START_TIMEOUT_S)

    def _settle_audit(self) -> None:
        """Asks for a path that nobody else asks for and waits until the log has it: requests that
        were answered before are then in the file."""
        self._settled += 1
        marker = f"/readyz?settled={self._settled}-{time.monotonic_ns()}"
        self.admin.request("GET", marker)
        self.wait_for(
            lambda: marker.encode() in _tail(self.audit.log),
            what="the API server to write its audit log",
            timeout_s=10,
        )


_SOCKETS = ("control", "egress", "kubelet", "metrics")


def _tail(path: Path, size: int = 200_000) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read()


def _workdir() -> WorkDir:
    base = Path(tempfile.gettempdir())
    # Socket files have a short limit for their paths, and some systems a long TMPDIR.
    return WorkDir(base if len(str(base)) <= LONGEST_FOLDER - 20 else Path("/tmp"))


def _python() -> dict[str, str]:
    """The fakes import this package from wherever it is."""
    root = str(Path(__file__).parents[1])
    path = os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH", "")) if p)
    return {**commands.environment(os.environ), "PYTHONPATH": path}


def _endpoints_to_come(stored: Sequence[Obj]) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Each Service with a selector: its namespace, its name, and the addresses of its pods."""
    pods = [obj for obj in stored if obj["kind"] == "Pod"]
    for obj in stored:
        selector = obj["spec"].get("selector") if obj["kind"] == "Service" else None
        if not selector or obj["apiVersion"] != "v1":
            continue
        namespace = obj["metadata"]["namespace"]
        addresses = {
            pod["status"]["podIP"]
            for pod in pods
            if pod["metadata"]["namespace"] == namespace
            and selector.items() <= pod["metadata"].get("labels", {}).items()
            and pod.get("status", {}).get("podIP")
            and pod["status"].get("phase") in ("Pending", "Running")
            and "deletionTimestamp" not in pod["metadata"]
        }
        if addresses:
            yield namespace, obj["metadata"]["name"], frozenset(addresses)
