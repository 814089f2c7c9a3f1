# The demo in a container:   docker build -t portfolio-engine . && docker run --rm portfolio-engine
# The same image is scheduler, worker and client of a cluster: compose.yaml. docs/install.md says more.
FROM python:3.11-slim AS installed
WORKDIR /source
RUN python -m venv /opt/engine
COPY requirements-demo.txt constraints.txt ./
RUN /opt/engine/bin/python -m pip install --no-cache-dir --require-hashes --only-binary :all: --requirement requirements-demo.txt
COPY pyproject.toml README.md LICENSE ./
COPY engine engine
COPY strategies strategies
RUN /opt/engine/bin/python -m pip install --no-cache-dir --no-build-isolation --constraint constraints.txt '.[cluster]'

FROM python:3.11-slim
COPY --from=installed /opt/engine /opt/engine
ENV PATH=/opt/engine/bin:$PATH
RUN useradd --create-home --home-dir /srv/engine --uid 1000 engine
USER engine
WORKDIR /srv/engine
COPY --chown=engine configs configs
# compiles the kernels for this processor, so that the first run need not; another processor compiles them again
RUN engine run configs/quickstart.yaml --out /tmp/first && rm -r /tmp/first && mkdir runs
ENTRYPOINT ["engine"]
CMD ["run", "configs/quickstart.yaml"]
