"""What one listener offers: the service with its profile's defaults, and its answer to `describe`."""

from dataclasses import dataclass

from wyoming_azure_realtime.speech.service import SpeechService
from wyoming_azure_realtime.wyoming_server.encoding import encode
from wyoming_azure_realtime.wyoming_server.info import build_info


@dataclass(frozen=True, slots=True)
class Offer:
    """`info`: the whole event, made once, because Home Assistant asks for it every 30 s."""

    service: SpeechService
    info: bytes

    @classmethod
    def of(cls, service: SpeechService) -> "Offer":
        """What the service's catalog says."""
        return cls(service, encode(build_info(service.catalog)))
