"""Constrained impersonation is there to be used: reading as somebody, and nothing else."""

from __future__ import annotations

import pytest

from testbed.bed import Bed

ROLES = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "${namespace}-reader"}
rules:
  - {apiGroups: [authentication.k8s.io], resources: [users], verbs: ["impersonate:user-info"]}
  - {apiGroups: [authentication.k8s.io], resources: [groups], resourceNames: [ops],
     verbs: ["impersonate:user-info"]}
  - {apiGroups: [""], resources: [configmaps],
     verbs: ["impersonate-on:user-info:list", "impersonate-on:user-info:get"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "${namespace}-reader"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "${namespace}-reader"}
subjects: [{kind: ServiceAccount, name: reader, namespace: "${namespace}"}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: ops-administer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: ops}]
"""


@pytest.mark.parametrize(
    ("method", "group", "status"),
    [("GET", "ops", 200), ("GET", "system:masters", 403), ("DELETE", "ops", 403)],
)
def test_a_reader_may_impersonate_for_reading_and_with_the_listed_group_only(
    bed: Bed, namespace: str, method: str, group: str, status: int
) -> None:
    bed.apply(ROLES, namespace=namespace)
    reader = bed.client(token=bed.token(namespace, "reader"))
    who = {"Impersonate-User": f"alice-{namespace}", "Impersonate-Group": group}
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    assert reader.request(method, path, headers=who).status == status
    for kind in ("clusterroles", "clusterrolebindings"):
        bed.admin.delete(f"/apis/rbac.authorization.k8s.io/v1/{kind}/{namespace}-reader")
