"""What a machine would answer: kubelets, a metrics API, and the way the API server reaches them.

They run in a process of their own (``python -m testbed.fakes``), listen on sockets in the bed's
folder only, and say what the ``kubelet.yaml`` of a scenario tells them to.
"""
