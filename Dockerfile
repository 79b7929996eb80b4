# The platform: web, workers, beat and manage.py, as docker-compose.yml starts them.

FROM python:3.13-slim-trixie AS build
RUN python -m venv /venv
COPY requirements.txt /tmp/
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r /tmp/requirements.txt
WORKDIR /app
COPY . .
# Nothing of these values stays: collectstatic only needs settings that load.
RUN DDNS_SECRET_KEY=build DATABASE_URL=postgresql://build/build REDIS_URL=redis://build DDNS_STATIC_ROOT=/app/static \
    /venv/bin/python manage.py collectstatic --noinput \
 && find /app /venv -name __pycache__ -prune -exec rm -rf {} + \
 && /venv/bin/python -m compileall -q -j 0 /venv /app

FROM python:3.13-slim-trixie
RUN useradd --system --no-create-home --uid 10053 ddns
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/app/deploy/provider/app:/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DDNS_STATIC_ROOT=/app/static
WORKDIR /app
USER ddns
ENTRYPOINT ["/app/deploy/provider/app/start"]
CMD ["web"]
