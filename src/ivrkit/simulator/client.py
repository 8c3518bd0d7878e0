"""stand-in"""
from __future__ import annotations
from urllib.parse import urlencode
import base64, hmac
from ivrkit.simulator.wire import Request, Answer
class Client:
    def __init__(self, transport, *, token, redirect_as_get=True, cookies=True, new_token):
        self.transport=transport; self.token=token; self.new=new_token; self.jar={}
    def ask(self, method, url, params, told):
        url=url.partition("#")[0]; body=b""
        s=url
        if method=="GET": url+=("&" if "?" in url else "?")+urlencode(params); s=url
        else: body=urlencode(params).encode(); s=url+"".join(k+params[k] for k in sorted(params))
        h={"User-Agent":"TwilioProxy/1.1","X-Twilio-Signature":base64.b64encode(hmac.digest(self.token.encode(),s.encode(),"sha1")).decode(),"I-Twilio-Idempotency-Token":self.new()}
        if body: h["Content-Type"]="application/x-www-form-urlencoded; charset=UTF-8"
        if self.jar: h["Cookie"]="; ".join(f"{k}={v}" for k,v in self.jar.items())
        r=Request(method,url,params,h,body)
        a=self.transport.send(r,None); told(r,a)
        for c in a.headers_of("Set-Cookie"):
            k,_,v=c.partition(";")[0].partition("="); self.jar[k]=v
        return url,a
    def fetch(self,url,told):
        r=Request("GET",url,{},{}); a=self.transport.send(r,None); told(r,a); return a
