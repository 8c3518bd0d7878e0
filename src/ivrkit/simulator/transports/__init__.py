"""stand-in"""
from __future__ import annotations
from typing import Any
from urllib.parse import urlsplit
import io
from ivrkit.simulator.wire import Answer
Served=Any
class Transport: pass
class InProcess(Transport):
    def __init__(self, app, base_url): self.app=app; self.base=base_url
    def serves(self,url): return url.startswith(self.base)
    def send(self, request, overrides):
        p=urlsplit(request.url); told=[]
        env={"REQUEST_METHOD":request.method,"SCRIPT_NAME":"","PATH_INFO":p.path or "/","QUERY_STRING":p.query,"SERVER_NAME":p.hostname,"SERVER_PORT":str(p.port or 443),"SERVER_PROTOCOL":"HTTP/1.1","REMOTE_ADDR":"127.0.0.1","CONTENT_LENGTH":str(len(request.body)),"HTTP_HOST":p.netloc,"wsgi.url_scheme":p.scheme,"wsgi.input":io.BytesIO(request.body),"wsgi.errors":io.StringIO(),"wsgi.version":(1,0),"wsgi.multithread":False,"wsgi.multiprocess":False,"wsgi.run_once":False}
        for k,v in request.headers.items():
            if k=="Content-Type": env["CONTENT_TYPE"]=v
            else: env["HTTP_"+k.upper().replace("-","_")]=v
        body=b"".join(self.app(env,lambda s,h,e=None: told.extend([s,h])))
        return Answer(int(told[0][:3]),told[1],body)
class OverHttp(Transport): pass
class FromTable(Transport):
    def __init__(self,t): self.t=t
    def serves(self,url): return False
    def send(self, request, overrides):
        p=urlsplit(request.url)
        b=self.t.get(p.path)
        return Answer(404,(("Content-Type","text/plain"),)) if b is None else Answer(body=b.encode())
