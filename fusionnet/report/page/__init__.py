"""The report as one HTML page that opens offline: charts, tables, and a viewer of every scored slice."""
