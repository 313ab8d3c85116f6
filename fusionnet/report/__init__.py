"""The stage `report`: results compared with intervals, as tables, sentences and figures."""
