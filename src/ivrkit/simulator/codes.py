"""stand-in"""
from dataclasses import dataclass
@dataclass(frozen=True)
class Code: number:int; level:str; meaning:str; mend:str
class _All(dict):
    def __missing__(self,k): return Code(k,"error","m","m")
CODES=_All()
