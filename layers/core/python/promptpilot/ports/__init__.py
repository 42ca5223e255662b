"""What the product asks of the platform it runs on, as protocols.

A service names the ports it needs in its signature. Every adapter passes the port's conformance
suite in
`tests/contract/`. All calls are synchronous, except a model call, which waits for seconds and is
awaited.
"""
