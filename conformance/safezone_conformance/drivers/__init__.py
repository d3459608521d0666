"""What a live line works with: MQTT, HTTP, streams, hooks. The only modules with threads, sockets and clocks."""
