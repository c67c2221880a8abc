"""The GA dialect: what the inside of the program speaks, so hardly anything to do."""

from wyoming_azure_realtime.realtime.dialects.renames import GA_NAME
from wyoming_azure_realtime.realtime.shapes import JsonObject


class GaDialect:
    """Nested sessions."""

    name = "ga"
    deprecation = ""

    def same_on_the_wire(self, event_type: str) -> bool:
        """Everything but stray events under their old names."""
        return event_type not in GA_NAME

    def client_to_wire(self, event: JsonObject) -> JsonObject | None:
        """GA is GA."""
        return event

    def server_from_wire(self, event: JsonObject) -> JsonObject | None:
        """Old names are understood, in case a service mixes generations."""
        return {**event, "type": GA_NAME.get(event["type"], event["type"])}

    def client_from_wire(self, event: JsonObject) -> JsonObject | None:
        """GA is GA; what is unknown is found when the event is decoded."""
        return event

    def server_to_wire(self, event: JsonObject) -> JsonObject | None:
        """GA is GA."""
        return event

    def parameter(self, path: str) -> str:
        """GA is GA."""
        return path
