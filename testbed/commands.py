"""The command lines of the control plane's programs, each flag with the reason it is not the
default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from testbed.build import Binaries
from testbed.pki import KeyPair

Controllers = Literal["all", "still", "none"]

#: The plumbing without which an API server is not a cluster: namespaces end, ServiceAccounts get
#: made, `view` has rules, Services get their slices. None of them writes a status that a scenario
#: wrote.
PLUMBING = (
    "clusterrole-aggregation-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "persistentvolume-protection-controller",
    "persistentvolumeclaim-protection-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
)

#: Would mark, evict or delete pods and nodes that no machine stands behind, or want a cloud.
NEVER = (
    "device-taint-eviction-controller",
    "node-ipam-controller",
    "node-lifecycle-controller",
    "persistentvolume-attach-detach-controller",
    "pod-garbage-collector-controller",
    "taint-eviction-controller",
    "endpointslice-mirroring-controller",
)


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports of one bed."""

    etcd: int
    etcd_peer: int
    apiserver: int


def etcd(binaries: Binaries, ports: Ports, *, data: Path) -> list[str]:
    """One member that forgets to sync: its data lives as long as the test."""
    client, peer = (f"http://127.0.0.1:{port}" for port in (ports.etcd, ports.etcd_peer))
    return [
        str(binaries.etcd),
        f"--data-dir={data}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync=true",
        # A cluster of 10,000 pods with their history outgrows the default of 2 GB.
        "--quota-backend-bytes=8589934592",
        "--log-level=warn",
    ]


@dataclass(frozen=True, slots=True)
class ApiServerFiles:
    """Everything kube-apiserver reads and writes."""

    serving: KeyPair
    client_ca: Path
    front_proxy_ca: Path
    front_proxy: KeyPair
    kubelet_client: KeyPair
    service_accounts: KeyPair
    audit_policy: Path
    audit_log: Path
    authentication: Path
    egress: Path


def kube_apiserver(
    binaries: Binaries, ports: Ports, files: ApiServerFiles, *, extra: Sequence[str] = ()
) -> list[str]:
    """RBAC, audit, aggregation and structured authentication on, as a kubeadm cluster has them."""
    return [
        str(binaries.kube_apiserver),
        f"--etcd-servers=http://127.0.0.1:{ports.etcd}",
        "--bind-address=127.0.0.1",
        # Only printed into objects; loopback is refused there, and this one belongs to nobody.
        "--advertise-address=192.0.2.1",
        f"--secure-port={ports.apiserver}",
        f"--tls-cert-file={files.serving.cert}",
        f"--tls-private-key-file={files.serving.key}",
        f"--client-ca-file={files.client_ca}",
        "--authorization-mode=RBAC",
        f"--authentication-config={files.authentication}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={files.service_accounts.cert}",
        f"--service-account-signing-key-file={files.service_accounts.key}",
        "--service-cluster-ip-range=10.96.0.0/16",
        f"--kubelet-client-certificate={files.kubelet_client.cert}",
        f"--kubelet-client-key={files.kubelet_client.key}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--egress-selector-config-file={files.egress}",
        f"--requestheader-client-ca-file={files.front_proxy_ca}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={files.front_proxy.cert}",
        f"--proxy-client-key-file={files.front_proxy.key}",
        f"--audit-policy-file={files.audit_policy}",
        f"--audit-log-path={files.audit_log}",
        # Written before the answer goes out, and never rotated away under a reader.
        "--audit-log-mode=blocking",
        "--audit-log-maxsize=0",
        "--event-ttl=24h",
        # Fake nodes are as ready as their status says, without a taint to remove first.
        "--disable-admission-plugins=TaintNodesByCondition",
        # Nobody routes to the `kubernetes` Service here.
        "--endpoint-reconciler-type=none",
        # The filler writes with hundreds of requests in flight.
        "--max-mutating-requests-inflight=1000",
        "--max-requests-inflight=2000",
        "--allow-privileged=true",
        "--profiling=false",
        *extra,
    ]


def kube_controller_manager(
    binary: Path,
    controllers: Controllers,
    *,
    kubeconfig: Path,
    ca: Path,
    service_accounts: KeyPair,
) -> list[str]:
    """One instance without leader election, so that it starts working at once."""
    names = ",".join(PLUMBING) if controllers == "still" else ",".join(["*", *_without(NEVER)])
    return [
        str(binary),
        f"--kubeconfig={kubeconfig}",
        f"--controllers={names}",
        f"--root-ca-file={ca}",
        f"--service-account-private-key-file={service_accounts.key}",
        "--leader-elect=false",
        "--secure-port=0",
        # The default of 20 a second would make a scenario with many objects slow to settle.
        "--kube-api-qps=1000",
        "--kube-api-burst=2000",
        "--profiling=false",
    ]


def environment(base: Mapping[str, str], *, gomaxprocs: int | None = None) -> dict[str, str]:
    """Without proxies (everything is loopback) and without what configures etcd behind our back."""
    env = {
        name: value
        for name, value in base.items()
        if not name.upper().endswith("_PROXY") and not name.startswith("ETCD_")
    }
    if gomaxprocs:
        env["GOMAXPROCS"] = str(gomaxprocs)
    return env


def _without(names: Sequence[str]) -> list[str]:
    return [f"-{name}" for name in names]
