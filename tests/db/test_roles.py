"""The role that the portal runs as owns nothing, is a member of nothing, and may do nothing beside its tables."""

from __future__ import annotations

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db
ME = "current_user::regrole"
OWNED = {
    "tables, sequences and views": f"SELECT count(*) FROM pg_class WHERE relowner = {ME}",
    "functions": f"SELECT count(*) FROM pg_proc WHERE proowner = {ME}",
    "schemas": f"SELECT count(*) FROM pg_namespace WHERE nspowner = {ME}",
    "types": f"SELECT count(*) FROM pg_type WHERE typowner = {ME}",
    "databases": f"SELECT count(*) FROM pg_database WHERE datdba = {ME}",
    "memberships of other roles": f"SELECT count(*) FROM pg_auth_members WHERE member = {ME}",
    "powers of the whole cluster": """
        SELECT rolsuper::int + rolcreatedb::int + rolcreaterole::int + rolreplication::int + rolbypassrls::int
        FROM pg_roles WHERE rolname = current_user
    """,
    "rights to create in the schema": "SELECT has_schema_privilege('public', 'CREATE')::int",
    "rights to make temporary tables": "SELECT has_database_privilege(current_database(), 'TEMPORARY')::int",
    "rights to truncate, refer by trigger or maintain": """
        SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND has_table_privilege(oid, 'TRUNCATE, TRIGGER, MAINTAIN')
    """,
}


@pytest.mark.parametrize("what", OWNED)
def test_the_portals_role_has_no(what: str):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("portal_app",)
        cursor.execute(OWNED[what])
        assert cursor.fetchone() == (0,), what
