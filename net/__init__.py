"""Everything that touches a socket: engine server and client, gateway, client library."""
