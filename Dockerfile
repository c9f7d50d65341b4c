# syntax=docker/dockerfile:1
# Targets: portal (default), proxy (nginx with the collected static files), sandbox (never in production).

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements/runtime.txt /build/
RUN /venv/bin/pip install --no-deps --require-hashes -r /build/runtime.txt
WORKDIR /app
COPY manage.py ./
COPY config config
COPY lib lib
COPY audit audit
COPY accounts accounts
COPY booking booking
COPY delivery delivery
COPY workflow workflow
COPY billing billing
COPY templates templates
COPY static static
COPY docs/verify-invoice docs/verify-invoice
COPY data data
COPY deploy/healthcheck.py deploy/healthcheck.py
# Collecting needs no secret and no server: development settings do, with the place of production. What is left out
# belongs to PDF documents, which read it from static/.
RUN PORTAL_ENV=development STATIC_ROOT=/app/staticfiles /venv/bin/python manage.py collectstatic --no-input \
      --ignore=pdf '--ignore=*.ttf' '--ignore=*.otf' \
    && /venv/bin/python -m compileall -q /app


FROM nginx:1.28-bookworm AS proxy
COPY deploy/nginx/*.conf deploy/nginx/mime.types /etc/nginx/
COPY deploy/nginx/_errors /srv/_errors
COPY --from=build /app/staticfiles /srv/static
USER 101:101
EXPOSE 8080 8443
CMD ["nginx", "-p", "/run/nginx", "-c", "/etc/nginx/nginx.conf", "-g", "daemon off;"]


FROM python:3.11-slim-bookworm AS runtime
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/* \
    && pip uninstall -y pip setuptools wheel \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin portal
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    PORTAL_ENV=production STATIC_ROOT=/app/staticfiles VAR_DIR=/tmp BEAT_SCHEDULE=/tmp/beat-schedule
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER 10001:10001


FROM runtime AS sandbox
COPY sandbox sandbox
EXPOSE 8300
CMD ["python", "-m", "sandbox", "--host", "0.0.0.0", "--port", "8300", "--state-dir", "/tmp/sandbox", "--clock-file", "/tmp/clock"]


FROM runtime AS portal
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "-c", "config/gunicorn.py"]
