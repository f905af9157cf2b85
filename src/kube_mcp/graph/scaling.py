"""What an autoscaler scales."""

from __future__ import annotations

from kube_mcp.objects import Obj, Ref, dig_str
from kube_mcp.scene import key_for, refer


def target_of(autoscaler: Obj) -> Ref:
    """The object that ``spec.scaleTargetRef`` names."""
    group, slash, _ = dig_str(autoscaler, "spec", "scaleTargetRef", "apiVersion").partition("/")
    return refer(
        key_for(dig_str(autoscaler, "spec", "scaleTargetRef", "kind"), group if slash else ""),
        dig_str(autoscaler, "metadata", "namespace"),
        dig_str(autoscaler, "spec", "scaleTargetRef", "name"),
    )
