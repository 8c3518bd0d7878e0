"""stand-in"""
from __future__ import annotations
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit
import base64, hmac

class Failure(Exception):
    def __init__(self, code: int, kind: str, what: str) -> None:
        super().__init__(what); self.code=code; self.kind=kind; self.what=what

@dataclass(frozen=True, slots=True)
class Request:
    method: str; url: str; params: Mapping[str,str]; headers: Mapping[str,str]; body: bytes=b""

@dataclass(frozen=True, slots=True)
class Answer:
    status: int=200
    headers: Sequence[tuple[str,str]]=(("Content-Type","text/xml"),)
    body: bytes=b""
    took: float=0.0
    retried: int=0
    error: str=""
    def header(self,name):
        return next((v for n,v in self.headers if n.lower()==name.lower()),"")
    def headers_of(self,name): return [v for n,v in self.headers if n.lower()==name.lower()]

def absolute(base, reference):
    url=urljoin(base, reference.strip()); p=urlsplit(url)
    if p.scheme not in("http","https") or not p.netloc: raise Failure(11100,"other",f"{reference!r} is no URL")
    return url
