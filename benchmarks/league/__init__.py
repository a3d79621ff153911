"""The league: solvers ranked on frozen problems whose truth they do not see."""
