"""What the client tests stand on: a server process, checked clients, flows, raw requests and a file server."""
