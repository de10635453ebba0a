"""The live driver: agents on the event loop's clock, trading over the WebSocket client as people do."""
