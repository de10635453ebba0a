"""Which certificate a client of a gateway with TLS trusts.

``TRADESIM_TLS_CERT`` names the certificate that an exchange serves with (the flag ``--tls-cert`` sets it for the
command's own processes). A client that finds it there trusts that certificate and no other, under whatever name or
address it is reached: that suits one that signed itself. Without it, a client trusts what the system trusts.
"""

from __future__ import annotations

import os
import ssl
from typing import Final

from net.errors import StartupError

CERTIFICATE_VARIABLE: Final = "TRADESIM_TLS_CERT"


def trusted(url: str) -> ssl.SSLContext | None:
    """What to check the certificate of ``url`` with; None where there is none to check.

    Raises:
        StartupError: the file that the variable names holds no certificate.
    """
    if not url.startswith(("wss:", "https:")):
        return None
    file = os.environ.get(CERTIFICATE_VARIABLE)
    if not file:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the certificate itself, not only who issued it
    try:
        context.load_verify_locations(file)
    except OSError as error:  # ssl's errors are among them
        raise StartupError(f"{CERTIFICATE_VARIABLE} {file}: {error.strerror or error}") from error
    return context
