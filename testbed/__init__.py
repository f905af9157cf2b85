"""A real control plane on loopback, with fakes only where a machine would be.

kube-apiserver, kube-controller-manager and etcd are the real programs; kubelets, metrics and an
OIDC issuer are played. Start one with ``Bed.start()`` in a test or ``python -m testbed up`` by hand.
"""
