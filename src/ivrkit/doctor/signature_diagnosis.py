"""Why a signature does not fit: what was sent, compared with what the app saw. Knows no network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivrkit.doctor.address import Address, Parts, parts_of
from ivrkit.doctor.findings import Finding, failed, ok
from ivrkit.doctor.proxy_fixes import lines_for
from ivrkit.web.doctor_endpoint import hash_of_form

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the app says that it saw: the fields of :func:`ivrkit.web.doctor_endpoint.diagnosis`."""

    ivrkit: str
    time: float
    method: str
    query: str
    headers: tuple[tuple[str, str], ...]
    remote_address: str | None
    content_type: str | None
    parameters: tuple[str, ...]
    form: str
    signed: bool
    signed_url: str
    refusal: str | None
    public_url: str | None
    trusted_proxies: int

    def values(self, header: str) -> list[str]:
        """Return the values of a header, that of the outermost proxy first."""
        came = ",".join(value for name, value in self.headers if name.title() == header)
        return [value.strip() for value in came.split(",") if value.strip()]


def seen_in(body: bytes) -> Seen | None:
    """Return what an answer says, ``None`` when it is not the diagnosis."""
    try:
        told = json.loads(body)
        settings = told["settings"]
        return Seen(
            ivrkit=str(told["ivrkit"]),
            time=float(told["time"]),
            method=told["method"],
            query=told["query"],
            headers=tuple((name, value) for name, value in told["headers"]),
            remote_address=told["remote_address"],
            content_type=told["content_type"],
            parameters=tuple(told["parameters"]),
            form=told["form"],
            signed=told["signed"],
            signed_url=told["signed_url"],
            refusal=told["refusal"],
            public_url=settings["public_url"],
            trusted_proxies=int(settings["trusted_proxies"]),
        )
    except (ValueError, TypeError, LookupError):
        return None


def compare(address: Address, form: Mapping[str, str], seen: Seen) -> list[Finding]:
    """Return why the signature does not fit, or that it does.

    :param address: where the page was asked.
    :param form: the parameters that were sent.
    :param seen: what the app saw.
    """
    if seen.refusal is None:
        return [ok("wire", f"the signature fits over {address.page}, which ivrkit {seen.ivrkit} saw as it was sent")]
    asked, got = parts_of(address.page), parts_of(seen.signed_url)
    found = [*_of_request(form, seen), *_of_query(asked, seen)]
    found += _of_public_url(address, asked, got, seen) if seen.public_url else _of_url(address, asked, got, seen)
    unknown = "all arrived as it was sent, and the signature does not fit"
    mend = "X-Twilio-Signature was changed on the way, or the account's token there is another one than here"
    return found or [failed("wire", f"{unknown}: {seen.refusal!r}", mend)]


def _of_request(form: Mapping[str, str], seen: Seen) -> Iterator[Finding]:
    """Give what happened to method, signature and body."""
    if not seen.signed:
        yield failed("wire", "X-Twilio-Signature did not arrive", *lines_for("signature"))
    if seen.method != "POST":
        yield failed("wire", f"the method was changed: POST came as {seen.method!r}", *lines_for("method"))
    elif seen.form != hash_of_form(form.items()):
        missing = [name for name in form if name not in seen.parameters]
        if missing and not (seen.content_type or "").startswith(_FORM):
            told = f"Content-Type was changed: {_FORM} came as {seen.content_type!r}"
            yield failed("wire", told, *lines_for("type"))
        elif missing:
            yield failed("wire", f"the body was dropped: it came without {', '.join(missing)}", *lines_for("body"))
        else:
            yield failed(
                "wire", "the body was changed: its parameters are not those that were sent", *lines_for("body")
            )


def _of_query(asked: Parts, seen: Seen) -> Iterator[Finding]:
    """Give what happened to the query, which is signed byte for byte."""
    if seen.query != asked.query:
        came = f"changed: {asked.query!r} came as {seen.query!r}" if seen.query else f"dropped: {asked.query!r}"
        yield failed("wire", f"the query was {came}", *lines_for("query"))


def _of_public_url(address: Address, asked: Parts, got: Parts, seen: Seen) -> Iterator[Finding]:
    """Give where the app was told another address than the one that was asked."""
    if (asked.scheme, _host(asked.host, asked), asked.path) != (got.scheme, _host(got.host, asked), got.path):
        told = f"the app takes Twilio's URL for {seen.signed_url!r}, because its public_url is {seen.public_url!r}"
        yield failed(
            "wire", told, f"IVRKIT_PUBLIC_URL={address.base}", "or give Twilio, and --url, the URL that it has"
        )


def _of_url(address: Address, asked: Parts, got: Parts, seen: Seen) -> Iterator[Finding]:
    """Give what happened to scheme, host and path, header by header."""
    otherwise = f"or, where there is one public address: IVRKIT_PUBLIC_URL={address.base}"
    trust = "" if seen.trusted_proxies else "and on the app: IVRKIT_TRUSTED_PROXIES=1"
    if got.scheme != asked.scheme:
        told = f"the scheme is not Twilio's: {asked.scheme!r} was asked, and the app saw {got.scheme!r}"
        inner = "inner proto" if seen.values("X-Forwarded-Proto") else "proto"
        mends = (*lines_for(inner), trust, otherwise)
        yield _by_header(seen, told, "X-Forwarded-Proto", asked.scheme, mends, otherwise)
    if _host(got.host, asked) != _host(asked.host, asked):
        told = f"Host is not Twilio's: {asked.host!r} was asked, and the app saw {got.host!r}"
        yield _by_header(seen, told, "X-Forwarded-Host", asked.host, (*lines_for("host"), otherwise), otherwise)
    if got.path != asked.path:
        told = f"the path is not Twilio's: {asked.path!r} was asked, and the app saw {got.path!r}"
        if asked.path.endswith(got.path):
            prefix = asked.path.removesuffix(got.path)
            mends = (*lines_for("prefix", prefix=prefix), trust, otherwise)
            yield _by_header(seen, told, "X-Forwarded-Prefix", prefix, mends, otherwise)
        else:
            came = seen.values("X-Forwarded-Prefix") if seen.trusted_proxies else []
            also = f": X-Forwarded-Prefix is {', '.join(came)!r}" if came else ""
            first = 'nginx: proxy_set_header X-Forwarded-Prefix "";' if came else ""
            yield failed("wire", told + also, first, *lines_for("path"), otherwise)


def _by_header(seen: Seen, told: str, header: str, wanted: str, mends: tuple[str, ...], otherwise: str) -> Finding:
    """Return why a header of a proxy did not tell the app what Twilio asked.

    :param wanted: what it would have told.
    :param mends: for where it does not say so.
    :param otherwise: the mend that is left where it does, beside the number of proxies.
    """
    values = seen.values(header)
    if wanted not in values:
        came = f"{header} is {', '.join(values)!r}" if values else f"no {header} came"
        return failed("wire", f"{told}: {came}", *mends)
    trusted = seen.trusted_proxies
    hops = len(values) - values.index(wanted) if trusted else max(len(values), len(seen.values("X-Forwarded-For")))
    came = f"{header} is {', '.join(values)!r}, and trusted_proxies is {trusted}"
    return failed("wire", f"{told}: {came}", f"IVRKIT_TRUSTED_PROXIES={hops}", otherwise)


def _host(host: str, asked: Parts) -> str:
    """Return a host as it is signed: Twilio leaves the port of https out, and the usual one of http."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() and (asked.scheme == "https" or port == "80") else host
