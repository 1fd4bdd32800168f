# The production image of API and worker: the locked dependencies, the product's own folders, and no embedded parts.

FROM python:3.13-slim AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir uv
WORKDIR /app
# The dependencies alone first: they change less often than the code, so this layer is kept.
COPY pyproject.toml uv.lock README.md ./
RUN uv sync --frozen --no-default-groups --no-install-project
COPY . .
# Installed in place, because the migrations in alembic/ are part of the tree and not of a package.
RUN uv sync --frozen --no-default-groups

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin sadu \
    && mkdir /keys && chown sadu /keys
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 SADU_ENV=production SADU_HOST=0.0.0.0 SADU_PORT=8000
USER sadu
EXPOSE 8000
# `sadu worker` and `sadu migrate` run from the same image.
CMD ["sadu", "serve"]
