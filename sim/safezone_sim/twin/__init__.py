"""The twin: a scenario's life and equipment, driven against a hub over MQTT and HTTP, or against none."""
