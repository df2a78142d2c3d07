"""The page a browser sees at the endpoint's address: what the service is, and where its contract is found."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from soapkit.operations import Service

if TYPE_CHECKING:
    from jinja2 import Template

_HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ service.name }}</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 48rem; padding: 0 1rem; }
code { font-size: 0.95em; overflow-wrap: anywhere; }
dt { font-weight: 600; margin-top: 0.8rem; }
</style>
</head>
<body>
<main>
<h1>{{ service.name }}</h1>
{% if service.documentation %}<p>{{ service.documentation }}</p>{% endif %}
<p>A SOAP service in namespace <code>{{ service.namespace }}</code>, at <code>{{ address }}</code>.
It takes SOAP 1.1 and 1.2 by POST.</p>
{% if has_contract %}<p><a href="?wsdl">The contract (WSDL)</a></p>{% endif %}
<h2>Operations</h2>
<dl>
{% for operation in service.operations %}
<dt>{{ operation.name }}</dt>
<dd>{{ operation.documentation }}{% if operation.one_way %} One-way.{% endif %}
{% if operation.faults %}Faults: {% for fault in operation.faults %}{{ fault.name }}{{ ", " if not loop.last }}{% endfor %}.{% endif %}</dd>
{% endfor %}
</dl>
</main>
</body>
</html>
"""  # noqa: E501  a line of HTML is as long as it is


@cache
def _template() -> Template:
    from jinja2 import Environment  # only a service that is looked at by a browser needs it

    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(_HTML)


def page_for(service: Service, address: str, *, has_contract: bool) -> str:
    """The page, as HTML. Every text of the contract is escaped."""
    return _template().render(service=service, address=address, has_contract=has_contract)
