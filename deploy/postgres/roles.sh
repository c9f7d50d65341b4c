#!/bin/bash
# Runs once, when the database is made (docker-entrypoint-initdb.d): both roles, the database, and the limits of the
# role that the portal runs as. Rights on tables come from `manage.py migrate_portal`.
set -euo pipefail
secrets="${SECRETS:-/run/secrets}"

owner_password="$(cat "$secrets/portal_owner_password")"
app_password="$(cat "$secrets/portal_app_password")"
export owner_password app_password

# Passwords reach psql by its own environment, not by arguments that `ps` shows.
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv owner_password owner_password
\getenv app_password app_password
SET log_statement = 'none';
CREATE ROLE portal_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE portal_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
CREATE DATABASE portal OWNER portal_owner;
REVOKE ALL ON DATABASE portal FROM PUBLIC;
GRANT CONNECT ON DATABASE portal TO portal_app;
ALTER ROLE portal_app IN DATABASE portal SET search_path = public, pg_temp;
ALTER ROLE portal_app IN DATABASE portal SET statement_timeout = '15s';
ALTER ROLE portal_app IN DATABASE portal SET lock_timeout = '5s';
ALTER ROLE portal_app IN DATABASE portal SET idle_in_transaction_session_timeout = '30s';
SQL
