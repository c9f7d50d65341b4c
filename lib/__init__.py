"""Small helpers that know no room: clock, yen, Japan dates, dated rows, jobs, registry. Imports nothing of ours."""
