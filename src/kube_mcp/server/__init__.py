"""The protocol edge: HTTP, stdio, challenges and how outcomes are mapped to the wire."""
