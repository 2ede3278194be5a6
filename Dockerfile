# What Approdo needs, by version and hash, into a virtual environment of its own.
FROM python:3.11-slim-bookworm AS build
WORKDIR /opt/approdo
RUN python -m venv .venv
COPY requirements/runtime.txt requirements/runtime.txt
RUN .venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/runtime.txt
# Approdo itself needs no build: a path file makes src/ importable.
COPY src src
COPY tools/link.py tools/link.py
RUN .venv/bin/python tools/link.py && .venv/bin/python -m compileall -q src

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/approdo --shell /usr/sbin/nologin approdo \
    && install -d -o approdo -g approdo -m 0700 /var/lib/approdo
COPY --from=build /opt/approdo /opt/approdo
COPY LICENSE /opt/approdo/
ENV PATH=/opt/approdo/.venv/bin:$PATH \
    APPRODO_HOME=/var/lib/approdo \
    APPRODO_HOST=0.0.0.0
USER 10001:10001
WORKDIR /var/lib/approdo
EXPOSE 8000
ENTRYPOINT ["approdo"]
CMD ["web"]
