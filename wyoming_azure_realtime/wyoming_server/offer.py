"""What one listener offers: the service with its profile's defaults, and its answer to `describe`."""

from typing import TYPE_CHECKING

from wyoming_azure_realtime.speech.service import SpeechService
from wyoming_azure_realtime.wyoming_server.encoding import encode
from wyoming_azure_realtime.wyoming_server.info import build_info

if TYPE_CHECKING:
    from wyoming_azure_realtime.speech.catalog import Catalog


class Offer:
    """The bytes of `info` are made once per catalog; Home Assistant asks for them every 30 s."""

    def __init__(self, service: SpeechService) -> None:
        self.service = service
        self._described: Catalog = service.catalog
        self._info = encode(build_info(service.catalog))

    @property
    def info(self) -> bytes:
        """The `info` event."""
        if self.service.catalog is not self._described:
            self._described = self.service.catalog
            self._info = encode(build_info(self._described))
        return self._info
