"""kpi: a rules engine for KPI compliance."""
