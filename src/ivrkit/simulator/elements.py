from ivrkit.simulator.grammar import GRAMMAR
